import type { Recipe } from "./recipe.ts";

/** Tokens of a row that the training sees. */
export const trainedLength = ({ rows, training }: Pick<Recipe, "rows" | "training">): number =>
  Math.floor(rows.seqLength * (1 - training.tokenDrop));
