import { countFlops, type ModelConfig } from "@cramkit/model";
import type { Recipe } from "./recipe.ts";
import { trainedLength } from "./trained-length.ts";

/**
 * Operations of one token of a recipe's training, forward and backward, as it masks; SAM goes both ways twice, and SCRIPT
 * once more with a prediction at every position. What AdaHessian and Sophia spend on the Hessian, a microbatch or two of some
 * batches, is not counted, and rows that a sequence curriculum cuts count as whole. A share that changes counts with its mean,
 * and a causal first part by its share of the budget.
 */
export const flopsPerToken = (config: ModelConfig, recipe: Pick<Recipe, "rows" | "masking" | "training">): number => {
  const { masking, training } = recipe;
  const { probability, finalProbability } = masking;
  const share = (probability + (finalProbability ?? probability)) / 2;
  const passing = (predictedShare: number) => countFlops(config, trainedLength(recipe), { predictedShare }).perToken;
  const masked = passing(share) + (training.loss.name === "script" ? passing(1) : 0);
  const { causalShare } = training;
  // The budget is shared out, and dear tokens are fewer of it.
  const perToken = causalShare === 0 ? masked : 1 / (causalShare / passing(1) + (1 - causalShare) / masked);
  return training.optimizer.name === "sam" ? 2 * perToken : perToken;
};
