import { fault } from "@cramkit/errors";

/** What is thrown over a column that is not there, or holds no texts; `option` is what the remedy asks to change, if it is one. */
export const wrongColumn = (
  place: string,
  problem: string,
  { option, remedy }: { option?: string; remedy: string } = { option: "field", remedy: "choose with field" },
) =>
  fault({
    code: "invalid-input",
    place,
    problem,
    remedy,
    details: option === undefined ? {} : { option },
    type: RangeError,
  });
