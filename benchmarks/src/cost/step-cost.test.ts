import { expect, it } from "vitest";
import { stepCosts, stepCostText } from "./step-cost.ts";

it("takes steps in turns, leaves out the first rounds, and compares within a round", { timeout: 60_000 }, async () => {
  // Each reading is later than the one before: by a step of the first shape, then by one of the second, growing with the rounds.
  let [readings, now] = [0, 0];
  const cpuSeconds = () => {
    if (readings % 2 === 1) now += (readings % 4 === 1 ? 128 : 96) * (1 + Math.floor(readings / 4));
    readings++;
    return now;
  };
  const costs = await stepCosts(["tiny", "tiny:batch=2"], { rounds: 3, cpuSeconds });
  expect(readings).toBe(2 * 2 * (3 + 3));
  expect(costs).toEqual([
    { shape: "tiny", median: 5, least: 4, ratio: 1 },
    { shape: "tiny:batch=2", median: 7.5, least: 6, ratio: 1.5 },
  ]);
  expect(stepCostText(costs)).toContain("| tiny:batch=2 | 7500000.0 | 6000000.0 | 1.500 |");
});
