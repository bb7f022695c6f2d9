import type { StageProgress } from "@cramkit/recipes";
import stringWidth from "string-width";
import { plainText } from "./plain-text.ts";

export interface LineFields {
  readonly stage: string;
  /** How much is done, as in "12.3 % of 24 hours". */
  readonly count: string;
  /** How long it still takes; empty if nobody knows. */
  readonly left: string;
  /** Loss, speed and the like, most important first. */
  readonly details: readonly string[];
  /**
   * Share that is done, 0 to 1.
   *
   * @defaultValue absent if the end is not known
   */
  readonly fraction?: number;
}

const gap = "  ";
const [shortestBar, longestBar] = [6, 24];

/**
 * A progress line of at most `columns` cells: the loss first, then as many whole fields as fit, by their importance, and a
 * bar in what is left. Never a part of a field.
 */
export const fitLine = ({ stage, count, left, details, fraction }: LineFields, columns: number): string => {
  const isLoss = (field: string) => field.startsWith("loss ");
  const losses = details.filter(isLoss);
  const others = details.filter((field) => !isLoss(field));
  let room = columns + gap.length;
  /** The field if there is room for it. */
  const taken = (field: string): string => {
    const width = stringWidth(field) + gap.length;
    if (field === "" || width > room) return "";
    room -= width;
    return field;
  };
  // In the order of their importance; the line has them in another.
  const first = losses.map(taken);
  const name = taken(stage);
  const done = taken(count) || taken(count.split(" of ")[0]!); // "12.3 %" of "12.3 % of 24 hours"
  const time = taken(left);
  const rest = others.map(taken);
  const barWidth = Math.min(longestBar, room - gap.length);
  const bar = fraction !== undefined && barWidth >= shortestBar ? drawBar(fraction, barWidth) : "";
  return [...first, name, bar, done, time, ...rest].filter(Boolean).join(gap);
};

const drawBar = (fraction: number, width: number): string => {
  const full = Math.round(Math.min(1, Math.max(0, fraction)) * width);
  return "█".repeat(full) + "░".repeat(width - full);
};

/** The fields of what a stage reports: its detail is cut at two spaces. */
export const detailFields = ({ detail = "" }: StageProgress): string[] =>
  plainText(detail)
    .split(/\s{2,}/)
    .filter(Boolean);
