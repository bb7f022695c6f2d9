import type { FileRow } from "@cramkit/corpus/node";
import { fault, shown } from "@cramkit/errors";
import type { Label, Span } from "../examples/example.ts";
import type { TaskKind } from "../examples/task.ts";
import { placeOfRow } from "./text-of.ts";

export interface LabelOptions {
  readonly kind: TaskKind;
  /** Of labels in a cell. @defaultValue `","` */
  readonly separator?: string | undefined;
  /** Of spans. @defaultValue `"utf16"` */
  readonly offsets?: "utf16" | "code-points" | undefined;
}

/** The label in a column of a row, as the kind of task has it; undefined if there is none. */
export const labelOf = (
  row: FileRow,
  column: string,
  text: string,
  { kind, separator = ",", offsets = "utf16" }: LabelOptions,
): Label | undefined => {
  const value = Object.hasOwn(row.fields, column) ? row.fields[column] : undefined;
  if (value === null || value === undefined) return undefined;
  const place = placeOfRow(row);
  const isPlain = typeof value !== "object";
  if (kind === "classes") {
    if (isPlain) return String(value).trim();
    const tasks = Array.isArray(value) && value.every((one) => typeof one === "string") ? "labels" : "tags";
    throw refused(place, "a class", value, `correct the row, or finetune with the task ${tasks}`);
  }
  if (kind === "score") {
    if (typeof value === "string" && value.trim() === "") return undefined;
    const score = typeof value === "string" || typeof value === "bigint" ? Number(value) : value;
    if (typeof score === "number" && Number.isFinite(score)) return score;
    throw refused(place, "a finite number", value);
  }
  if (kind === "labels") {
    const names = Array.isArray(value) ? value : isPlain ? String(value).split(separator) : [value];
    const wrong = names.find((name) => typeof name === "object");
    if (wrong !== undefined) throw refused(place, "names", value);
    return names.map((name) => String(name).trim()).filter(Boolean);
  }
  const spans = typeof value === "string" ? parsed(value, place) : value;
  const refuse = () => refused(place, 'spans such as [{"start": 0, "end": 5, "label": "PER"}]', spans);
  if (!Array.isArray(spans)) throw refuse();
  const positions = offsets === "code-points" ? codePoints(text) : undefined;
  return spans.map((span): Span => {
    // [start, end, label], as spaCy writes it, or an object.
    const [start, end, label] = Array.isArray(span) ? span : [span?.start, span?.end, span?.label];
    if (typeof label !== "string" && typeof label !== "number") throw refuse();
    const at = (offset: unknown): number => {
      const known = positions ? positions[Number(offset)] : Number(offset);
      if (known !== undefined) return known;
      throw fault({
        code: "invalid-input",
        place,
        problem: `expected offsets within the ${positions!.length - 1} code points of its text, got ${shown(offset)} ("${label}")`,
        remedy: "correct the row; offsets count code points, as Python does",
        type: RangeError,
      });
    };
    return { start: at(start), end: at(end), label: String(label) };
  });
};

const refused = (place: string, expected: string, value: unknown, remedy = "correct the row, or leave it out") =>
  fault({
    code: "invalid-input",
    place,
    problem: `expected ${expected} as the label, got ${shown(value)}`,
    remedy,
    type: RangeError,
  });

const parsed = (value: string, place: string): unknown => {
  try {
    return JSON.parse(value);
  } catch (cause) {
    throw fault({
      code: "invalid-input",
      place,
      problem: `expected spans as JSON, got ${shown(value)}`,
      remedy: "correct the row, or leave it out",
      type: RangeError,
      cause,
    });
  }
};

/** The UTF-16 position of each code point, and of the end. */
const codePoints = (text: string): number[] => {
  const positions: number[] = [];
  let at = 0;
  for (const character of text) {
    positions.push(at);
    at += character.length;
  }
  return [...positions, at];
};
