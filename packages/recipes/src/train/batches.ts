import { type MaskedBatchOptions, maskedBatches } from "@cramkit/packer";
import type { Prepared } from "../prepare/prepare.ts";
import { maskingOverBudget, specialId } from "../recipe/masking.ts";
import type { Recipe } from "../recipe/recipe.ts";

/** The masked training rows of a recipe without an end, from the first one or from where `cursor` was taken. */
export const trainingBatches = (
  recipe: Recipe,
  { training: rows, tokenizer }: Pick<Prepared, "training" | "tokenizer">,
  {
    batchSize,
    cursor,
    fraction = () => 0,
  }: Pick<MaskedBatchOptions, "batchSize" | "cursor"> & {
    /** The used part of the budget, for masks that change over it. @defaultValue `() => 0`, the beginning */
    fraction?: () => number;
  },
) =>
  maskedBatches(rows, {
    batchSize,
    maskId: specialId(tokenizer, "<mask>"),
    masking: maskingOverBudget(recipe, tokenizer, fraction),
    seed: recipe.seed,
    epochs: Number.POSITIVE_INFINITY,
    reshuffle: recipe.training.reshuffle,
    tokenDrop: recipe.training.tokenDrop,
    cursor,
  });
