import { expect, it } from "vitest";
import { cramPlan, examplesThatFit, partLimitMs, partName, trainingMinutes } from "./plan.ts";

/** How a cram would go in which every part takes what it may. */
const longest = (minutes: number, recipes: string[]) => {
  const parts = cramPlan({ minutes, recipes, quick: false });
  let leftMs = minutes * 60_000;
  return parts.map((part, i) => {
    const ms = partLimitMs(part, parts.slice(i + 1), leftMs);
    leftMs -= ms;
    return { name: partName(part), ms };
  });
};

it.each([
  [10, ["crammed-bert"]],
  [10, ["crammed-bert", "crammed-2026"]],
  [3, ["crammed-bert"]],
])("stays within %s minutes and leaves time for every part, with %j", (minutes, recipes) => {
  const parts = longest(minutes, recipes);
  const sum = parts.reduce((total, { ms }) => total + ms, 0);
  expect(sum).toBeLessThanOrEqual(minutes * 60_000 + 1);
  for (const { ms } of parts) expect(ms).toBeGreaterThan(5_000);
});

it("trains for six of ten minutes, and measures, trains, finetunes and compares in that order", () => {
  expect(trainingMinutes({ minutes: 10, recipes: ["a"] })).toBeCloseTo(6);
  expect(trainingMinutes({ minutes: 10, recipes: ["a", "b"] })).toBeCloseTo(3);
  expect(longest(10, ["a"]).map(({ name }) => name)).toEqual([
    ...["ceilings", "train a", "finetune a", "untrained a", "pytorch a"],
  ]);
  const training = longest(10, ["a"])[1]!.ms;
  expect(training).toBeGreaterThan(6 * 60_000);
});

it("gives time that a part has left over to those after it", () => {
  const parts = cramPlan({ minutes: 10, recipes: ["a"], quick: false });
  const last = parts.at(-1)!;
  expect(partLimitMs(last, [], 100_000)).toBe(100_000);
  expect(partLimitMs(last, [], 40_000)).toBe(40_000);
  expect(partLimitMs(parts[2]!, parts.slice(3), 100_000)).toBeCloseTo(40_000);
});

it.each([
  [[10, 100, 1000], 60, 25],
  [[10, 100, 1000], 1000, 890],
  [[10, 100, 1000], 1110, Number.POSITIVE_INFINITY],
  [[10], -5, -5],
])("fits tasks of %j examples into %s", (sizes, total, expected) => {
  expect(examplesThatFit(sizes, total)).toBe(expected);
});
