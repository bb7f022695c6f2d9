import { expect, it } from "vitest";
import { short, unitOf } from "./axis.ts";

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
