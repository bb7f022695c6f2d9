import { countFlops, type ModelConfig } from "@cramkit/model";
import type { Recipe } from "./recipe.ts";

/** Operations of one token of a recipe's training, forward and backward, as it masks. */
export const flopsPerToken = (config: ModelConfig, { rows, masking }: Pick<Recipe, "rows" | "masking">): number =>
  countFlops(config, rows.seqLength, { predictedShare: masking.probability }).perToken;
