import { parameterCount } from "@cramkit/model";
import { expect, it } from "vitest";
import { recipes } from "../catalogue/recipes.ts";
import { flopsPerToken } from "./flops.ts";
import { modelOf } from "./model-of.ts";
import { optimizerFlops, spentFlopsPerToken } from "./optimizer-flops.ts";
import { applySettings } from "./settings.ts";

/** Two layers of 32, a gated feed-forward part of 64, 1024 words. */
const changed = (...settings: string[]) => applySettings(recipes.smoke(), settings);
const config = modelOf(changed(), 1024);
const counted = (...settings: string[]) => optimizerFlops(config, changed(...settings));

const adamw = counted();
/** For each layer qkv, dense, dense_in and dense_out: short and long side, five iterations of 2 s s (2 l + s). */
const muonProducts = [
  [32, 96],
  [32, 32],
  [32, 64],
  [32, 32],
].reduce((sum, [s, l]) => sum + 2 * 5 * 2 * s! * s! * (2 * l! + s!), 0);

it("counts the products of the hidden matrices, and a few operations for each parameter", () => {
  expect(adamw).toBe(20 * parameterCount(config));
  expect(counted("training.optimizer.name=muon")).toBe(adamw + muonProducts);
  expect(counted("training.optimizer.name=lion")).toBe(adamw);
});

it("counts the groups' optimizers for their parameters, and nothing for frozen ones", () => {
  const group = (params: string[]) => `training.groups=${JSON.stringify([{ params, optimizer: { name: "muon" } }])}`;
  expect(counted(group(["encoder.layers.0"]))).toBe(adamw + muonProducts / 2);
  expect(counted("training.optimizer.name=muon", 'training.frozen=["encoder.layers.0"]')).toBeLessThan(
    adamw + muonProducts / 2,
  );
  expect(counted("training.optimizer.name=muon", 'training.frozen=["encoder.layers"]')).toBeLessThan(adamw);
});

it("shares a step out over its tokens, on average over a ramp", () => {
  const perToken = (...settings: string[]) => {
    const recipe = changed("training.batchSize=32", "training.microbatchSize=8", ...settings);
    return (spentFlopsPerToken(config, recipe) - flopsPerToken(config, recipe)) / (adamw / recipe.rows.seqLength);
  };
  expect(perToken()).toBeCloseTo(1 / 32);
  // 8, 16, 24 and 32 rows for a quarter of the ramp each, then 32.
  expect(perToken("training.batchRamp=0.5")).toBeCloseTo((1 / 8 + 1 / 16 + 1 / 24 + 1 / 32) / 8 + 0.5 / 32, 3);
  expect(perToken("training.batchRamp=100")).toBeCloseTo(1 / 32);
});
