import { type ModelConfig, type PresetName, preset } from "@cramkit/model";
import type { Recipe } from "../recipe/recipe.ts";
import { type RecipeModel, recipeModel } from "../recipe/schema/model-schema.ts";

/** The study's final model, in proportion to which all others are made smaller or larger. */
const study = { layers: 16, hidden: 768, batchSize: 8192, learningRate: 1e-3, vocabSize: 32_768 };

/** Fields of a base recipe that its sweeps are scaled by. */
export type Base = Pick<Recipe, "model" | "training" | "tokenizer">;

/** Widths are whole heads of this size, as in nearly all models of the study. */
const headSize = 64;

/**
 * A model as large beside the base's as it is in the study beside its final one. Layers are at least one, widths whole heads of
 * 64 if the base is as wide as that, and the shares of feed-forward widths are kept. At the study's size it is the model as it is.
 */
export const inProportion = (model: RecipeModel, base: Base): RecipeModel => {
  const ratio = { layers: base.model.layers / study.layers, hidden: base.model.hidden / study.hidden };
  if (ratio.layers === 1 && ratio.hidden === 1) return model;
  const unit = Math.min(headSize, base.model.hidden / base.model.heads);
  const hidden = Math.max(1, Math.round((model.hidden * ratio.hidden) / unit)) * unit;
  const wanted = Math.max(1, Math.round(model.layers * ratio.layers));
  // Shared layers are repeated a whole number of times.
  const layers =
    model.sharedLayers > 0 ? model.sharedLayers * Math.max(1, Math.round(wanted / model.sharedLayers)) : wanted;
  const headRatio = model.heads / (model.hidden / headSize);
  return {
    ...model,
    layers,
    hidden,
    heads: divisorNear(hidden, (hidden / unit) * headRatio),
    intermediate: 2 * Math.round(((model.intermediate / model.hidden) * hidden) / 2),
    ...(model.embeddingSize !== null && {
      embeddingSize: Math.max(1, Math.round((model.embeddingSize / model.hidden) * hidden)),
    }),
    ...(model.funnel !== null && { funnel: resampled(model.funnel, layers) }),
    ...(Array.isArray(model.mixer) && {
      mixer: resampled(model.mixer as readonly string[], layers) as RecipeModel["mixer"],
    }),
  };
};

/** The divisor of a width that is nearest to a number of heads. */
const divisorNear = (width: number, heads: number): number => {
  let best = 1;
  for (let count = 1; count <= width; count++)
    if (width % count === 0 && Math.abs(count - heads) < Math.abs(best - heads)) best = count;
  return best;
};

/** Values for as many layers as there are, the first and the last in their places. */
const resampled = <T>(values: readonly T[], layers: number): T[] =>
  Array.from({ length: layers }, (_, i) => {
    const at = layers === 1 ? values.length - 1 : Math.round((i * (values.length - 1)) / (layers - 1));
    return values[at]!;
  });

/** An architecture of the study as a setting, in proportion to the base. */
export const architecture = (
  name: PresetName,
  base: Base,
  fields: Partial<ModelConfig> = {},
): { model: RecipeModel } => ({
  model: inProportion(recipeModel(preset(name, fields)), base),
});

/** A batch of the study in proportion to the base's, at least a microbatch. */
export const batchInProportion = (batchSize: number, { training }: Base): number => {
  const { microbatchSize } = training;
  const least = microbatchSize === "auto" ? 1 : microbatchSize;
  return Math.max(least, Math.round((batchSize * training.batchSize) / study.batchSize));
};

/** A learning rate of the study in proportion to the base's. */
export const rateInProportion = (rate: number, { training }: Base): number =>
  Number(((rate * training.optimizer.learningRate) / study.learningRate).toPrecision(6));

/** Sizes of vocabularies as the study's (2048 to 131,072) are to its own; none below what any text needs. */
export const vocabularies = ({ tokenizer }: Base): number[] => {
  const factors = [1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, 2, 4];
  return [...new Set(factors.map((factor) => Math.round(factor * tokenizer.vocabSize)))].filter((size) => size >= 128);
};

/** A budget several times: "24 hours, 1e6 steps" twice is "48 hours, 2000000 steps". */
export const timesBudget = (budget: string, factor: number): string =>
  budget.replace(/[\d.]+(?:e[+-]?\d+)?/gi, (amount) => String(Number((Number(amount) * factor).toPrecision(12))));
