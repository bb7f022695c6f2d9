import { fault } from "@cramkit/errors";

interface Remedy {
  /** What the remedy asks to change. @defaultValue something other than an option */
  option?: string;
  remedy: string;
}

/** What is thrown over a column that is not there, or holds no texts. */
export const wrongColumn = (
  place: string,
  problem: string,
  { option, remedy }: Remedy = { option: "field", remedy: "choose with field" },
) =>
  fault({
    code: "invalid-input",
    place,
    problem,
    remedy,
    details: option === undefined ? {} : { option },
    type: RangeError,
  });
