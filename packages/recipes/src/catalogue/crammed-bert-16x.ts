import type { Recipe } from "../recipe/recipe.ts";
import { crammedBert } from "./crammed-bert.ts";

/** The study's final recipe with 16 times its compute: 8 cards for 48 hours there, 16 days here. */
export const crammedBert16x = (): Recipe => ({
  ...crammedBert(),
  name: "crammed-bert-16x",
  description: "crammed BERT with 16 times the compute of the challenge",
  training: { ...crammedBert().training, budget: "16 days" },
});
