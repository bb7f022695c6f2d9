import { expect, it } from "vitest";
import { comparisonKey, findRecipe, planSweep, studySweep } from "../packages/recipes/src/index.ts";

const recipe = "quickstart";

it.each([
  ["figure-1", true],
  ["figure-2", true],
  ["figure-3", false],
  ["table-4", true],
] as const)("the toy of docs/study can be compared as %s, on the same tokens: %s", async (name, isSame) => {
  const sweep = { ...studySweep(name, await findRecipe(recipe)), seeds: [1, 2, 3] };
  const { runs } = await planSweep(sweep, { folder: "runs/study", dataFolder: "runs/prepared" });
  expect(runs.flatMap(({ problem }) => problem ?? [])).toEqual([]);
  expect(runs.length % 3).toBe(0);
  // Without the filter it is other text.
  const compared = runs.filter(({ variant }) => variant !== "without filter");
  expect(new Set(compared.map(({ recipe }) => comparisonKey(recipe!))).size === 1).toBe(isSame);
});
