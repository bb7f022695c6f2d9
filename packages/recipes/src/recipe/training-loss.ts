import {
  type ForwardOptions,
  type MaskedBatch,
  type ModelConfig,
  maskedLanguageModelLoss,
  type Params,
  type StepSeed,
  scriptLoss,
} from "@cramkit/model";
import type { Scalar } from "@tensorflow/tfjs-core";
import type { Recipe } from "./recipe.ts";

/** Loss of a microbatch: a scalar. `drawn` says with which seed SCRIPT draws the words it fills in. Borrows the parameters. */
export type TrainingLoss = (
  params: Params,
  batch: MaskedBatch,
  options?: ForwardOptions & { readonly drawn?: StepSeed },
) => Scalar;

/** What a recipe minimises. */
export const trainingLoss = (config: ModelConfig, { name, ...options }: Recipe["training"]["loss"]): TrainingLoss =>
  name === "script"
    ? (params, batch, { drawn = { seed: 0, step: 0 }, ...forward } = {}) =>
        scriptLoss(params, config, batch, { ...forward, ...drawn })
    : (params, batch, { drawn: _, ...forward } = {}) =>
        maskedLanguageModelLoss(params, config, batch, { ...forward, ...options, loss: name });
