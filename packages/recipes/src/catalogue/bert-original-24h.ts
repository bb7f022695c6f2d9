import type { Recipe } from "../recipe/recipe.ts";
import { bertOriginal } from "./bert-original.ts";

/** The original BERT at the budget of the challenge: its schedule goes along a million steps, of which a day sees the first few. */
export const bertOriginal24h = (): Recipe => {
  const base = bertOriginal();
  return {
    ...base,
    name: "bert-original-24h",
    description: "the original BERT on its way to a million steps, stopped after 24 hours",
    training: { ...base.training, budget: "24 hours", horizon: base.training.budget },
  };
};
