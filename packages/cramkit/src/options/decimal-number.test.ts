import { expect, it } from "vitest";
import { decimalNumber } from "./decimal-number.ts";

it.each([
  ["0.15", 0.15],
  [".5", 0.5],
  ["5.", 5],
  ["1e-3", 0.001],
  ["2E5", 200_000],
  ["-3", -3],
  ["1e400", Number.POSITIVE_INFINITY],
])("reads %s", (text, value) => {
  expect(decimalNumber(text)).toBe(value);
});

it.each(["", " ", "0x10", "0b1", "1_000", "١٢", "1,5", " 5", "5 ", "+5", "Infinity", "NaN", "1e", "."])(
  "takes %j for a slip",
  (text) => {
    expect(decimalNumber(text)).toBeNaN();
  },
);
