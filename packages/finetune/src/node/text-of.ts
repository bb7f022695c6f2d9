import { basename } from "node:path";
import type { FileRow } from "@cramkit/corpus/node";
import { fault, shown } from "@cramkit/errors";

/** The file and the line of a row, for errors. */
export const placeOfRow = ({ file, place }: FileRow): string => `${basename(file)}, ${place}`;

/** The text in a column of a row: what is neither text, nor a number, nor a truth value is refused, and so is a row without the column. */
export const textOf = (row: FileRow, column: string): string => {
  const value = Object.hasOwn(row.fields, column) ? row.fields[column] : undefined;
  if (["string", "number", "bigint", "boolean"].includes(typeof value)) return String(value);
  throw fault({
    code: "invalid-input",
    place: placeOfRow(row),
    problem: `expected a text in the column "${column}", got ${value === undefined ? "none" : shown(value)}`,
    remedy: "correct the row, or leave it out",
    type: RangeError,
  });
};
