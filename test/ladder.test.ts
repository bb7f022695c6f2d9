import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { comparisonKey, differences, findSweep, planSweep, recipes } from "../packages/recipes/src/index.ts";

const folder = fileURLToPath(new URL("../docs/study/ladder/", import.meta.url));
const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
const planned = async (file: string) =>
  (await planSweep(await findSweep(join(folder, file)), { folder: "runs/ladder", dataFolder: "runs/prepared" })).runs;

it.each(files)("docs/study/ladder/%s can be run, and compares what is measured on the same tokens", async (file) => {
  const runs = await planned(file);
  expect(runs.flatMap(({ problem }) => problem ?? [])).toEqual([]);
  expect(new Set(runs.map(({ recipe }) => comparisonKey(recipe!))).size).toBe(1);
});

it("has as its last rung what crammed-2026 changes of crammed-bert, the size of both aside", async () => {
  const runs = await planned("final.json");
  const recipeOf = (name: string) => runs.find(({ variant }) => variant === name)!.recipe!;
  const changes = differences(recipeOf("base"), recipeOf("crammed-2026")).map(({ path }) => path);
  const ofRecipe = differences(recipes["crammed-bert"](), recipes["crammed-2026"]()).map(({ path }) => path);
  const own = ["name", "description"];
  expect(changes.toSorted()).toEqual(ofRecipe.filter((path) => !own.includes(path)).toSorted());
});
