import {
  type ForwardOptions,
  type MaskedBatch,
  type ModelConfig,
  maskedLanguageModelLoss,
  type Params,
  scriptLoss,
} from "@cramkit/model";
import type { Scalar } from "@tensorflow/tfjs-core";
import type { Recipe } from "./recipe.ts";

/** Loss of a microbatch: a scalar. `drawSeed` is that of the words that SCRIPT fills in. Borrows the parameters. */
export type TrainingLoss = (
  params: Params,
  batch: MaskedBatch,
  options?: ForwardOptions & { readonly drawSeed?: number },
) => Scalar;

/** What a recipe minimises. */
export const trainingLoss = (config: ModelConfig, { name, ...options }: Recipe["training"]["loss"]): TrainingLoss =>
  name === "script"
    ? (params, batch, { drawSeed = 0, ...forward } = {}) =>
        scriptLoss(params, config, batch, { ...forward, seed: drawSeed })
    : (params, batch, { drawSeed: _, ...forward } = {}) =>
        maskedLanguageModelLoss(params, config, batch, { ...forward, ...options, loss: name });
