import { countFlops, type ModelConfig } from "@cramkit/model";
import type { Recipe } from "./recipe.ts";
import { trainedLength } from "./trained-length.ts";

/**
 * Operations of one token of a recipe's training, forward and backward, as it masks; SAM goes both ways twice. What
 * AdaHessian and Sophia spend on the Hessian, a microbatch or two of some batches, is not counted.
 */
export const flopsPerToken = (config: ModelConfig, recipe: Pick<Recipe, "rows" | "masking" | "training">): number => {
  const { masking, training } = recipe;
  const { perToken } = countFlops(config, trainedLength(recipe), { predictedShare: masking.probability });
  return training.optimizer.name === "sam" ? 2 * perToken : perToken;
};
