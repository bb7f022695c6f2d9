import { expect, it } from "vitest";
import { short, tickLabels, unitOf } from "./axis.ts";

it("labels numbers in three digits", () => {
  expect([null, undefined, 0, 1.23456e-5, 0.0123456, 12.3456, 1_234_567].map(short)).toEqual([
    ...["", "", "0", "1.23e-5", "0.0123", "12.3", "1.23M"],
  ]);
});

it("takes the largest unit of which there are two", () => {
  expect([0.01, 1, 119, 121, 3000].map((minutes) => unitOf("minutes", minutes)[1])).toEqual([
    ...["seconds", "seconds", "minutes", "hours", "days"],
  ]);
  expect(unitOf("tokens", 1e12)).toEqual([1, "tokens"]);
});

it.each([
  [
    [4.145, 4.15, 4.155, 4.16],
    ["4.145", "4.15", "4.155", "4.16"],
  ],
  [
    [12_345_000, 12_346_000],
    ["12.345M", "12.346M"],
  ],
  [
    [0, 0.5, 1],
    ["0", "0.5", "1"],
  ],
  [
    [1, 1, null],
    ["1", "1", ""],
  ],
])("labels the ticks %j of an axis so that they can be told apart", (ticks, labels) => {
  expect(tickLabels(ticks)).toEqual(labels);
});
