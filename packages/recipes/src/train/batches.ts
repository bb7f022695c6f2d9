import { type MaskedBatchOptions, maskedBatches } from "@cramkit/packer";
import type { Prepared } from "../prepare/prepare.ts";
import { maskingOf, specialId } from "../recipe/masking.ts";
import type { Recipe } from "../recipe/recipe.ts";

/** The masked training rows of a recipe without an end, from the first one or from where `cursor` was taken. */
export const trainingBatches = (
  { seed, masking, training }: Recipe,
  { training: rows, tokenizer }: Pick<Prepared, "training" | "tokenizer">,
  { batchSize, cursor }: Pick<MaskedBatchOptions, "batchSize" | "cursor">,
) =>
  maskedBatches(rows, {
    batchSize,
    maskId: specialId(tokenizer, "<mask>"),
    masking: maskingOf({ masking }, tokenizer),
    seed,
    epochs: Number.POSITIVE_INFINITY,
    reshuffle: training.reshuffle,
    tokenDrop: training.tokenDrop,
    cursor,
  });
