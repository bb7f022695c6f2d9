import { type MaskedBatchOptions, maskedBatches, type RowSource } from "@cramkit/packer";
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
    team,
  }: Pick<MaskedBatchOptions, "batchSize" | "cursor"> & {
    /** The used part of the budget, for masks that change over it. @defaultValue `() => 0`, the beginning */
    fraction?: () => number;
    /** Ranks that take the batches in turn. @defaultValue one rank */
    team?: { readonly rank: number; readonly size: number };
  },
) =>
  maskedBatches(recipe.training.reverseRows ? reversedRows(rows) : rows, {
    batchSize,
    maskId: specialId(tokenizer, "<mask>"),
    masking: maskingOverBudget(recipe, tokenizer, fraction),
    seed: recipe.seed,
    epochs: Number.POSITIVE_INFINITY,
    reshuffle: recipe.training.reshuffle,
    tokenDrop: recipe.training.tokenDrop,
    cursor,
    ...(team && { rank: team.rank, world: team.size, wholeBatches: true }),
  });

/** The rows from the last to the first. */
const reversedRows = (rows: RowSource): RowSource => ({
  seqLength: rows.seqLength,
  vocabSize: rows.vocabSize,
  rowCount: rows.rowCount,
  key: rows.key === undefined ? undefined : `${rows.key} reversed`,
  readRows: (indices, target) =>
    rows.readRows(
      Array.from(indices, (index) => rows.rowCount - 1 - index),
      target,
    ),
});
