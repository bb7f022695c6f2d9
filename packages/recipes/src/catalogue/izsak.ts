import { preset } from "@cramkit/model";
import { studySettings } from "../recipe/optimizer-settings.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { recipeModel } from "../recipe/schema/model-schema.ts";
import { bertBase } from "./bert-base.ts";

/** BERT-large as Izsak et al. (2021) train it, at the budget of the challenge (bert-large-izsak, bert-izsak). */
export const izsak = (): Recipe => {
  const base = bertBase();
  return {
    ...base,
    name: "izsak",
    description: "BERT-large by the recipe of Izsak et al. (2021), stopped at the budget",
    model: recipeModel(preset("izsak-large")),
    training: {
      ...base.training,
      optimizer: studySettings("adamw", { learningRate: 2e-3, epsilon: 1e-6, clipNorm: null }),
      schedule: { name: "budget-linear", warmup: 0.06, cooldown: 0 },
      batchSize: 4096,
      dropout: 0.1,
    },
  };
};
