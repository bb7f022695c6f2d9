import { parseRecipe } from "@cramkit/recipes";
import { expect, it } from "vitest";
import { cramRecipe } from "./train.ts";

const options = { minutes: 10, recipes: ["crammed-bert"], backend: "webgpu", precision: "mixed", set: [] } as const;
const rows = { recipe: "crammed-bert", settings: ["tokenizer.vocabSize=1024"] };

it("scales the study's schedule to six minutes, on the rows that are there", async () => {
  const recipe = await cramRecipe("crammed-bert", { ...options, quick: false }, rows);
  expect(recipe.tokenizer.vocabSize).toBe(1024);
  expect(recipe.backend).toMatchObject({ name: "webgpu", precision: "mixed" });
  expect(recipe.training).toMatchObject({ budget: "360.0 seconds", batchSize: 512, batchRamp: 0.6 });
  expect(recipe.training.schedule.name).toBe("budget-triangle2");
  expect(recipe.model).toMatchObject({ layers: 16, hidden: 768 });
  expect(() => parseRecipe(recipe, "test")).not.toThrow();
});

it("gives a second candidate half of the time and the rows of the first; the user's settings come last", async () => {
  const both = { ...options, recipes: ["crammed-bert", "crammed-2026"], quick: false };
  const recipe = await cramRecipe("crammed-2026", { ...both, set: ["training.batchSize=8192"] }, rows);
  expect(recipe.training).toMatchObject({ budget: "180.0 seconds", batchSize: 8192, reshuffle: true });
  expect(recipe.rows.order).toBe("full-stops");
  expect(recipe.name).toBe("crammed-bert");
  expect(recipe.model.rotary).toBe(true);
});

it("does not pass off rows in random order as the study's", async () => {
  const shuffled = { recipe: "crammed-2026", settings: [] };
  const orders = ["crammed-bert", "crammed-2026"].map(async (name) => {
    const { rows, training } = await cramRecipe(name, { ...options, quick: false }, shuffled);
    return [rows.order, training.reshuffle];
  });
  expect(await Promise.all(orders)).toEqual([
    ["full-stops", false],
    ["shuffled", false],
  ]);
});

it("makes a toy of any of them", async () => {
  for (const name of ["crammed-bert", "crammed-2026"]) {
    const { model, training } = await cramRecipe(name, { ...options, quick: true }, rows);
    expect([model.layers, model.hidden, training.budget]).toEqual([2, 64, "8 steps"]);
  }
});
