import type { Schedule } from "../index.ts";

/** One schedule with what is known of its curve. */
export interface Row {
  name: string;
  schedule: Schedule;
  /** Position and multiplier, worked out by hand from the formula. */
  values: readonly (readonly [number, number])[];
  /** Positions between which it rises or falls, alternately, beginning with "up" or "down" or neither. */
  turns: readonly number[];
  first: "up" | "down" | "flat";
  /** The steepest slope, for continuity; Infinity where the formula jumps. */
  slope: number;
}
