import { InvalidArgumentError } from "commander";

/** Reads a number of things, at least one, from the command line. */
export const count = (text: string): number => {
  if (/^\d+$/.test(text) && Number(text) > 0) return Number(text);
  throw new InvalidArgumentError("expected a whole number above 0");
};

/** Reads a whole number from the command line. */
export const wholeNumber = (text: string): number => {
  if (/^\d+$/.test(text)) return Number(text);
  throw new InvalidArgumentError("expected a whole number");
};
