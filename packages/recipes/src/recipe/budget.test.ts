import { expect, it } from "vitest";
import { budgetLimits, isBudget, parseBudget } from "./budget.ts";

const units = { flopsPerToken: 7, rows: 50 };

it.each([
  ["24 hours", { hours: 24 }],
  ["24h", { hours: 24 }],
  ["1 minute", { hours: 1 / 60 }],
  ["90 minutes", { hours: 1.5 }],
  ["90m", { hours: 1.5 }],
  ["90 min", { hours: 1.5 }],
  ["36 seconds", { hours: 0.01 }],
  ["36s", { hours: 0.01 }],
  ["2 days", { hours: 48 }],
  ["1e6 tokens", { tokens: 1e6 }],
  ["2000 STEPS", { steps: 2000 }],
  ["1.5 epochs", { examples: 75 }],
  ["5e15 flops", { flops: 5e15, flopsPerToken: 7 }],
  ["24 hours, 1000 steps", { hours: 24, steps: 1000 }],
  [" 3 epochs,90m , 1e9 tokens", { examples: 150, hours: 1.5, tokens: 1e9 }],
])("reads %s", (text, budget) => {
  const { hours, ...rest } = parseBudget(text, units);
  const { hours: wanted, ...others } = budget as { hours?: number };
  expect(rest).toEqual(others);
  if (wanted === undefined) expect(hours).toBeUndefined();
  else expect(hours).toBeCloseTo(wanted, 12);
  expect(isBudget(text)).toBe(true);
});

it.each([
  "0 steps",
  "-1 hours",
  "soon",
  "",
  "24",
  "24 hours, 1 day",
  "24 hours,",
  "1,000 steps",
  "3 steeps",
  "1e400 steps",
])('refuses "%s"', (text) => {
  expect(isBudget(text)).toBe(false);
  expect(() => budgetLimits(text)).toThrow("budget: expected a number above 0");
});
