import { fault } from "@cramkit/errors";
import { checkCount, checkNonNegative, checkPositive } from "./check.ts";
import type { Schedule } from "./types.ts";

/** Multiplies a schedule, by a base learning rate for example. */
export const scale = (schedule: Schedule, factor: number): Schedule => {
  checkNonNegative("scale", "factor", factor);
  return (t) => factor * schedule(t);
};

/**
 * One schedule after the other: schedule i runs its own 0 to 1 between boundaries i - 1 and i, the last one until
 * `end`. Positions are fractions of a budget, or steps with `end` the number of steps.
 */
export const join = (schedules: readonly Schedule[], boundaries: readonly number[], end = 1): Schedule => {
  if (boundaries.length !== schedules.length - 1) {
    throw fault({
      code: "invalid-argument",
      place: "join",
      problem: `expected ${schedules.length - 1} boundaries for ${schedules.length} schedules, got ${boundaries.length}`,
      type: RangeError,
    });
  }
  const edges = [0, ...boundaries, end];
  const bad = edges.findIndex((edge, i) => i > 0 && !(edge > edges[i - 1]!));
  if (bad > 0)
    throw fault({
      code: "invalid-argument",
      place: "join",
      problem: `expected boundaries that rise from 0 to ${end}, got ${boundaries.join(", ")}`,
      type: RangeError,
    });
  return (t) => {
    const i = boundaries.findLastIndex((boundary) => t >= boundary) + 1;
    return schedules[i]!((t - edges[i]!) / (edges[i + 1]! - edges[i]!));
  };
};

/**
 * A linear rise from 0 to the first value of `schedule` over the first `length`, then `schedule` over the rest until
 * `end`: continuous for every schedule.
 */
export const warmup = (schedule: Schedule, length: number, end = 1): Schedule => {
  checkNonNegative("warmup", "length", length);
  return length === 0 ? (t) => schedule(t / end) : join([(p) => p * schedule(0), schedule], [length], end);
};

/** Reads a schedule at whole steps only, `floor(t steps) / steps`, as the reference code does with its step cap. */
export const quantize = (schedule: Schedule, steps: number): Schedule => {
  checkCount("quantize", "steps", steps);
  return (t) => schedule(Math.floor(t * steps) / steps);
};

/** Lets a schedule of 0 to 1 run over 0 to `length`. */
export const stretch = (schedule: Schedule, length: number): Schedule => {
  checkPositive("stretch", "length", length);
  return (t) => schedule(t / length);
};
