import { expect, it } from "vitest";
import { recipes } from "../catalogue/recipes.ts";
import { checkRecipe } from "./check-recipe.ts";
import { alongHorizon } from "./horizon.ts";
import { trainingOptimizer } from "./optimizer.ts";
import { applySettings } from "./settings.ts";

const units = { flopsPerToken: 1, rows: 100 };
const at = (step: number, fraction: number) => {
  const microbatch = 8 * step;
  return { step, microbatch, examples: 512 * step, tokens: 65_536 * step, elapsedMs: 0, fraction };
};

it("goes along BERT's million steps, wherever the day ends", () => {
  const recipe = recipes["bert-original-24h"]();
  expect(recipe.training).toMatchObject({ budget: "24 hours", horizon: "1000000 steps" });
  const along = alongHorizon(recipe, units);
  const { learningRate } = trainingOptimizer(recipe, 64, undefined);
  // A warm-up of 10,000 steps to 1e-4, then down in a line: where the original's own budget puts it, too.
  for (const step of [0, 5_000, 10_000, 30_000, 400_000]) {
    const original = at(step, step / 1e6);
    for (const fraction of [0.001, 0.5, 1]) {
      expect(along(at(step, fraction))).toEqual(original);
      expect(learningRate(along(at(step, fraction)))).toBe(learningRate(original));
    }
  }
  expect(learningRate(along(at(5_000, 0.9)))).toBeCloseTo(5e-5, 12);
});

it("leaves progress as it is without a horizon", () => {
  const progress = at(3, 0.25);
  expect(alongHorizon(recipes.smoke(), units)(progress)).toBe(progress);
});

it.each([
  ["training.budget=20 steps", "training.horizon=10 steps"],
  ["training.budget=1 hour, 20 steps", "training.horizon=10 steps"],
  ["training.budget=2 hours", "training.horizon=90m, 1e6 steps"],
])("refuses %s with %s", (...settings) => {
  expect(() => checkRecipe(applySettings(recipes.smoke(), settings))).toThrow(
    "training.horizon: expected at least training.budget",
  );
});
