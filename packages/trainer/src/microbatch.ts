/** Whether an error says that memory ran out, or that a tensor is too large for the device, as the backends word it. */
export const isOutOfMemory = (error: unknown): boolean =>
  error instanceof Error &&
  /out of (device |host )?memory|allocation failed|\bOOM\b|cannot allocate|not enough memory|exceeds the max buffer size|beyond this device's limits|expected a tensor of at most/i.test(
    error.message,
  );

export interface MicrobatchTrial {
  /** Largest size to try. */
  readonly max: number;
  /** Runs a step or two at this size; returns examples per second. */
  readonly attempt: (size: number) => Promise<number>;
  /** A larger size must be faster by this factor to be worth its memory. Default 1.02. */
  readonly worthwhile?: number;
}

/**
 * Finds the microbatch size by trial: doubles from 1 while that fits into memory and still makes a step cheaper per
 * example. Errors other than out of memory are rethrown.
 */
export const findMicrobatch = async ({ max, attempt, worthwhile = 1.02 }: MicrobatchTrial): Promise<number> => {
  let best = { size: 0, rate: 0 };
  for (let size = 1; size <= max; size *= 2) {
    let rate: number;
    try {
      rate = await attempt(size);
    } catch (error) {
      if (!isOutOfMemory(error)) throw error;
      break;
    }
    if (rate > best.rate * worthwhile) best = { size, rate };
  }
  if (best.size === 0)
    throw new Error("findMicrobatch: expected one example to fit into memory, it does not; use a smaller model");
  return best.size;
};
