import { preset } from "@cramkit/model";
import { studySettings } from "../recipe/optimizer-settings.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { recipeModel } from "../recipe/schema/model-schema.ts";
import { crammedBert } from "./crammed-bert.ts";

/** BERT-base at the budget of the challenge (bert-c0, bert-o0): post-norm, batch 1536, cosine. */
export const bertBase = (): Recipe => {
  const base = crammedBert();
  return {
    ...base,
    name: "bert-base",
    description: "BERT-base stopped at the budget: the study's baseline",
    corpus: { ...base.corpus, maxTokensPerCharacter: null },
    rows: { ...base.rows, order: "shuffled" },
    masking: { policy: "bernoulli", probability: 0.15, wholeWords: false, finalProbability: null },
    model: recipeModel(preset("bert-base")),
    training: {
      ...base.training,
      optimizer: studySettings("adamw", { learningRate: 5e-4, clipNorm: null }),
      // 30,000 of the 900,000 steps that the study counts a budget in.
      schedule: { name: "budget-cosine-decay", warmup: 30 / 900, cooldown: 0 },
      batchSize: 1536,
      batchRamp: 0,
    },
  };
};
