import { fault, hasCode } from "@cramkit/errors";

export interface MicrobatchTrial {
  /** Largest size to try. */
  readonly max: number;
  /** Runs a step or two at this size; returns examples per second. */
  readonly attempt: (size: number) => Promise<number>;
  /**
   * A larger size must be faster by this factor to be worth its memory.
   * @defaultValue `1.02`
   */
  readonly worthwhile?: number;
}

/**
 * Finds the microbatch size by trial: doubles from 1 while that fits into memory and still makes a step cheaper per
 * example. Errors with another code than `out-of-memory` are rethrown.
 */
export const findMicrobatch = async ({ max, attempt, worthwhile = 1.02 }: MicrobatchTrial): Promise<number> => {
  let best = { size: 0, rate: 0 };
  for (let size = 1; size <= max; size *= 2) {
    let rate: number;
    try {
      rate = await attempt(size);
    } catch (error) {
      if (!hasCode(error, "out-of-memory")) throw error;
      break;
    }
    if (rate > best.rate * worthwhile) best = { size, rate };
  }
  if (best.size === 0)
    throw fault({
      code: "out-of-memory",
      place: "findMicrobatch",
      problem: "expected one example to fit into memory, it does not",
      remedy: "use a smaller model",
    });
  return best.size;
};
