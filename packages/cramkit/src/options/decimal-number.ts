import { InvalidArgumentError } from "commander";

/** The number that people write, with a point or an exponent; NaN for other text: hexadecimal digits and blanks are slips. */
export const decimalNumber = (text: string): number =>
  /^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;

/** Such a number from the command line; `expected` says in words which ones fit. */
export const fittingNumber = (text: string, expected: string, fits: (value: number) => boolean): number => {
  const value = decimalNumber(text);
  if (Number.isFinite(value) && fits(value)) return value;
  throw new InvalidArgumentError(`expected ${expected}`);
};
