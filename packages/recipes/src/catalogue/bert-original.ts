import { preset } from "@cramkit/model";
import { studySettings } from "../recipe/optimizer-settings.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { recipeModel } from "../recipe/schema/model-schema.ts";
import { bertBase } from "./bert-base.ts";

/** The original BERT (bert-original): Adam with betas 0.9 and 0.999 at 1e-4, batch 512, linear decay, dropout, no budget to speak of. */
export const bertOriginal = (): Recipe => {
  const base = bertBase();
  return {
    ...base,
    name: "bert-original",
    description: "the original BERT: a million steps of 512 rows; days on any card",
    model: recipeModel(preset("bert-original")),
    training: {
      ...base.training,
      budget: "1000000 steps",
      // Adam with betas 0.9 and 0.999, epsilon 1e-8 and an L2 penalty of 0.01, on the weights of norms, too.
      optimizer: studySettings("adam_classic", { learningRate: 1e-4, clipNorm: null, noDecay: ["bias"] }),
      // 80,000 of 8,000,000 microbatches of 64.
      schedule: { name: "polynomial-decay", warmup: 0.01, cooldown: 0 },
      batchSize: 512,
      dropout: 0.1,
    },
  };
};
