import { countFlops, type ModelConfig } from "@cramkit/model";
import type { Recipe } from "./recipe.ts";
import { trainedLength } from "./trained-length.ts";

/**
 * Operations of one token of a recipe's training, forward and backward, as it masks; SAM goes both ways twice, and SCRIPT
 * once more with a prediction at every position. What AdaHessian and Sophia spend on the Hessian, a microbatch or two of some
 * batches, is not counted, and rows that a sequence curriculum cuts count as whole.
 */
export const flopsPerToken = (config: ModelConfig, recipe: Pick<Recipe, "rows" | "masking" | "training">): number => {
  const { masking, training } = recipe;
  const passing = (predictedShare: number) => countFlops(config, trainedLength(recipe), { predictedShare }).perToken;
  const perToken = passing(masking.probability) + (training.loss.name === "script" ? passing(1) : 0);
  return training.optimizer.name === "sam" ? 2 * perToken : perToken;
};
