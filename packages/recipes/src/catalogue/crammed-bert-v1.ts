import { preset } from "@cramkit/model";
import type { Recipe } from "../recipe/recipe.ts";
import { recipeModel } from "../recipe/schema/model-schema.ts";
import { crammedBert } from "./crammed-bert.ts";

/**
 * The first version of the study's recipe (bert-c5, bert-o3, processed C4): 15 % masked, batch 4096 over 300,000 microbatches.
 * Norms do not decay, as in the second version.
 */
export const crammedBertV1 = (): Recipe => {
  const base = crammedBert();
  return {
    ...base,
    name: "crammed-bert-v1",
    description: "crammed BERT of the study's first version: 15 % masked, batch 4096, duplicates removed",
    corpus: { ...base.corpus, duplicateBytes: 75 },
    masking: { policy: "bernoulli", probability: 0.15, wholeWords: false, finalProbability: null },
    model: recipeModel(preset("bert-c5")),
    training: { ...base.training, batchSize: 4096, batchRamp: 300_000, microbatchSize: 128 },
  };
};
