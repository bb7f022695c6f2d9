import { InvalidArgumentError } from "commander";

/** Makes a reader of whole numbers from the command line, with bounds: what is beyond them is a slip. */
export const wholeNumber =
  (least: 0 | 1, most: number) =>
  (text: string): number => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(
      `expected a whole number${least === 1 ? " above 0" : ""}, at most ${most.toLocaleString("en-US")}`,
    );
  };
