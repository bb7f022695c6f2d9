import { expect, it } from "vitest";
import { recipes } from "../catalogue/recipes.ts";
import { checkRecipe } from "./check-recipe.ts";
import { trainingOptimizer } from "./optimizer.ts";
import { applySettings } from "./settings.ts";

const progressAt = (fraction: number) => ({
  microbatch: 0,
  step: 0,
  examples: 0,
  tokens: 0,
  elapsedMs: 0,
  fraction,
});

it.each([
  ["bert-original", [], { 0: 0, 0.005: 5e-5, 0.01: 1e-4, 1: 1e-7 }], // transformers' lr_end
  ["bert-original", ["training.schedule.name=polynomial"], { 1: 1e-7 }],
  ["bert-original", ["training.schedule.name=linear"], { 1: 0 }],
  ["bert-base", [], { 0: 0, [1 / 60]: 2.5e-4, [1 / 30]: 5e-4, 1: 0 }],
  ["izsak", [], { 0: 0, 0.06: 2e-3, 0.53: 1e-3, 1: 0 }],
  ["crammed-bert", [], { 0: 2.5e-4, 0.5: 7.5e-4, 0.75: 1e-3, 1: 0 }],
  ["crammed-bert-v1", [], { 0: 2.5e-4, 0.5: 7.5e-4, 0.75: 1e-3, 1: 0 }],
] as const)("%s has the study's learning rates, also with %s", (name, settings, rates) => {
  const recipe = applySettings(recipes[name](), settings);
  const { learningRate } = trainingOptimizer(recipe, 64, undefined);
  for (const [fraction, rate] of Object.entries(rates))
    expect(learningRate(progressAt(Number(fraction))), fraction).toBeCloseTo(rate, 12);
});

it.each([
  ["crammed-bert", 128, { 0: 128, 0.3: 4224, 0.6: 8192, 1: 8192 }],
  ["bert-base", 128, { 0: 1536, 1: 1536 }],
  ["izsak", 128, { 0: 4096, 1: 4096 }],
  ["bert-original", 64, { 0: 512, 1: 512 }],
] as const)("%s has the study's batches", (name, microbatchSize, sizes) => {
  const { batchSize } = trainingOptimizer(recipes[name](), microbatchSize, undefined);
  for (const [fraction, size] of Object.entries(sizes))
    expect(batchSize(progressAt(Number(fraction))), fraction).toBe(size);
});

it.each([
  [['training.progressiveBatch={"theta":0.5,"monotone":true,"rule":"cosine"}', "training.batchRamp=0"]],
  [['training.progressiveBatch={"theta":0.5,"monotone":false,"rule":"inner-product"}', "training.batchRamp=0"]],
  [["training.localRate={}"]],
  [['training.localRate={"clip":true}', "training.optimizer.name=lion"]],
  [['training.localRate={"trust":0.1}', "training.optimizer.name=agd"]],
  [["training.localRate={}", "training.optimizer.name=sam"]],
])("makes an optimizer of %j", (settings) => {
  const recipe = applySettings(recipes["crammed-bert"](), settings);
  expect(() => checkRecipe(recipe)).not.toThrow();
  expect(trainingOptimizer(recipe, 64, undefined).optimizer).toHaveProperty("update");
});

it.each(["lars", "larc"])("has no local rates around %s, which has them", (name) => {
  const recipe = applySettings(recipes["crammed-bert"](), ["training.localRate={}", `training.optimizer.name=${name}`]);
  expect(() => checkRecipe(recipe)).toThrow(new RegExp(`training\\.localRate: expected null .*name=${name}`));
});
