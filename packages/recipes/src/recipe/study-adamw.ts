import type { Recipe } from "./recipe.ts";

type Adamw = Extract<Recipe["training"]["optimizer"], { name: "adamw" }>;

/** AdamW as the study's final recipe has it (bert-o4). */
export const studyAdamw: Adamw = {
  name: "adamw",
  learningRate: 1e-3,
  b1: 0.9,
  b2: 0.98,
  epsilon: 1e-12,
  weightDecay: 0.01,
  clipNorm: 0.5,
};
