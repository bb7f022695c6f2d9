import { fault, shown } from "@cramkit/errors";

/** Argument checks of the package's entrances; every error names the function, the argument and the range. */
const expectRange = (where: string, name: string, value: number, range: string, holds: boolean): number => {
  if (!(holds && typeof value === "number"))
    throw fault({
      code: "invalid-argument",
      place: where,
      problem: `expected "${name}" ${range}, got ${shown(value)}`,
      type: RangeError,
    });
  return value;
};

/** A share of something: 0 <= value < 1. */
export const checkShare = (where: string, name: string, value: number): number =>
  expectRange(where, name, value, "in [0, 1)", value >= 0 && value < 1);

/** A share that something is divided by: 0 < value <= 1. */
export const checkPositiveShare = (where: string, name: string, value: number): number =>
  expectRange(where, name, value, "in (0, 1]", value > 0 && value <= 1);

export const checkPositive = (where: string, name: string, value: number): number =>
  expectRange(where, name, value, "to be a finite number above 0", value > 0 && value < Infinity);

export const checkNonNegative = (where: string, name: string, value: number): number =>
  expectRange(where, name, value, "to be a finite number of at least 0", value >= 0 && value < Infinity);

export const checkCount = (where: string, name: string, value: number): number =>
  expectRange(where, name, value, "to be a whole number above 0", Number.isSafeInteger(value) && value > 0);

/** Warm-up and cool-down may meet but not overlap. */
export const checkPhases = (where: string, warmup: number, cooldown: number): void => {
  checkNonNegative(where, "warmup", warmup);
  checkNonNegative(where, "cooldown", cooldown);
  expectRange(where, "warmup + cooldown", warmup + cooldown, "to be at most 1", warmup + cooldown <= 1);
};
