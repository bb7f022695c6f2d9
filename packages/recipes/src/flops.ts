import { countFlops, type ModelConfig } from "@cramkit/model";
import type { Recipe } from "./recipe.ts";

/**
 * Operations of one token of a recipe's training, forward and backward, as it masks; SAM goes both ways twice. What
 * AdaHessian and Sophia spend on the Hessian, a microbatch or two of some batches, is not counted.
 */
export const flopsPerToken = (
  config: ModelConfig,
  { rows, masking, training }: Pick<Recipe, "rows" | "masking" | "training">,
): number => {
  const { perToken } = countFlops(config, rows.seqLength, { predictedShare: masking.probability });
  return training.optimizer.name === "sam" ? 2 * perToken : perToken;
};
