/** Throws a RangeError that names `caller` unless `seed` is an integer of 0 to 2^53 - 1. */
export const checkSeed = (caller: string, seed: number): void => {
  if (Number.isSafeInteger(seed) && seed >= 0) return;
  throw new RangeError(
    `${caller}: expected a seed that is an integer of 0 to 2^53 - 1, got ${seed}; pass such a number`,
  );
};
