import { expect, it } from "vitest";
import { comparisonTable, meanAndSpread } from "./compare-finetuning.ts";

it("has the deviation of a sample, and none of a single value", () => {
  expect(meanAndSpread([1, 2, 4])).toEqual({ mean: 7 / 3, spread: expect.closeTo(1.5275, 4) });
  expect(meanAndSpread([0.5])).toEqual({ mean: 0.5, spread: 0 });
});

it("sets both sides side by side", () => {
  const sides = [
    { name: "ours", scores: [0.5, 0.7], seconds: [10, 14] },
    { name: "theirs", scores: [0.6, 0.6], seconds: [8, 8] },
  ];
  expect(comparisonTable("accuracy", sides).split("\n").slice(2)).toEqual([
    "| ours | 0.6000 | 0.1414 | 0.5000, 0.7000 | 12.0 |",
    "| theirs | 0.6000 | 0.0000 | 0.6000, 0.6000 | 8.0 |",
  ]);
});
