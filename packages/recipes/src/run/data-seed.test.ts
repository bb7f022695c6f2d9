import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { Recipe } from "../recipe/recipe.ts";
import { readRun } from "../run-record.ts";
import { quiet, tinyRun } from "../testing/tiny.testing.ts";
import { runRecipe } from "./run.ts";

it("trains several seeds on the same rows, and measures them on the same tokens, with one corpus.seed", async () => {
  const { recipe, root } = tinyRun({ budget: "2 steps" });
  const dataFolder = join(root, "prepared");
  const masked = async (name: string, changes: { seed: number; data: number | null }) => {
    const asked: Recipe = { ...recipe, seed: changes.seed, corpus: { ...recipe.corpus, seed: changes.data } };
    await runRecipe(asked, { folder: join(root, name), dataFolder }, quiet);
    return (await readRun(join(root, name))).masked!;
  };
  const one = await masked("one", { seed: 1, data: null });
  const two = await masked("two", { seed: 2, data: 1 });
  expect(readdirSync(dataFolder)).toHaveLength(1);
  expect(two.unigram).toEqual(one.unigram); // same rows, same held-out rows, same masks
  expect(two.trained.loss).not.toBe(one.trained.loss);
  const three = await masked("three", { seed: 2, data: null });
  expect(readdirSync(dataFolder)).toHaveLength(2);
  expect(three.unigram).not.toEqual(one.unigram);
});
