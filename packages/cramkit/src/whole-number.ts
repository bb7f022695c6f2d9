import { InvalidArgumentError } from "commander";

/** Reads a whole number from the command line. */
export const wholeNumber = (text: string): number => {
  if (/^\d+$/.test(text)) return Number(text);
  throw new InvalidArgumentError("expected a whole number");
};
