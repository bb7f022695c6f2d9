import { checkOptions, fault } from "@cramkit/errors";
import { checkCount, checkNonNegative } from "./check.ts";
import type { Progress } from "./types.ts";

export interface BatchRampOptions {
  /** The batch size at the end of the ramp, in examples. */
  batchSize: number;
  /** Examples in a microbatch: the unit in which the batch grows. */
  microbatchSize: number;
  /**
   * Below 1 the fraction of the budget, from 1 on the number of microbatches, after which the full size is reached. 0: no ramp.
   * @defaultValue `0.6`
   */
  ramp?: number;
  /**
   * The step cap that the reference code counts a fraction of the budget in.
   * @defaultValue `900_000`
   */
  steps?: number;
}

/**
 * The study's batch ramp: the examples to accumulate before the next optimizer step. With target B, microbatch m:
 *
 *     fraction r of the budget:  fake = floor(f steps);  min(floor(fake B / (steps r) / m + 1) m, B)
 *     r microbatches:            floor(i B / r / m + 1) m while i < r, then B
 *
 * Defaults are those of the final recipe: 0.6 of the budget, a cap of 900,000 steps.
 */
export const batchRamp = (
  options: BatchRampOptions,
): ((progress: Pick<Progress, "microbatch" | "fraction">) => number) => {
  checkOptions("batchRamp", options, { batchSize: true, microbatchSize: true, ramp: true, steps: true });
  const { batchSize, microbatchSize, ramp = 0.6, steps = 900_000 } = options;
  checkCount("batchRamp", "batchSize", batchSize);
  checkCount("batchRamp", "microbatchSize", microbatchSize);
  checkCount("batchRamp", "steps", steps);
  checkNonNegative("batchRamp", "ramp", ramp);
  if (microbatchSize > batchSize) {
    throw fault({
      code: "invalid-argument",
      place: "batchRamp",
      problem: `expected a microbatch of at most batchSize ${batchSize}, got ${microbatchSize}`,
      remedy: "lower microbatchSize",
      type: RangeError,
    });
  }
  if (ramp === 0) return () => batchSize;
  if (ramp >= 1) {
    return ({ microbatch }) =>
      microbatch < ramp ? Math.floor((microbatch * batchSize) / ramp / microbatchSize + 1) * microbatchSize : batchSize;
  }
  return ({ fraction }) => {
    const fake = Math.floor(fraction * steps);
    return Math.min(Math.floor((fake * batchSize) / (steps * ramp) / microbatchSize + 1) * microbatchSize, batchSize);
  };
};
