import {
  type BatchCursor,
  type MaskedBatch,
  type MaskedBatchOptions,
  maskedBatches,
  type RowSource,
} from "@cramkit/packer";
import type { Prepared } from "../prepare/prepare.ts";
import { maskingOverBudget, specialId } from "../recipe/masking.ts";
import type { Recipe } from "../recipe/recipe.ts";

/** Where in the rows of a run the next batch begins: those of its last phase stand beside the others. */
export interface TrainingCursor extends BatchCursor {
  /**
   * In the rows of the last phase.
   *
   * @defaultValue absent before it began
   */
  lastPhase?: BatchCursor;
}

type BatchesOptions = Pick<MaskedBatchOptions, "batchSize"> & {
  /** @defaultValue the first row */
  cursor?: TrainingCursor;
  /** The used part of the budget, for masks and rows that change over it. @defaultValue `() => 0`, the beginning */
  fraction?: () => number;
  /** Ranks that take the batches in turn. @defaultValue one rank */
  team?: { readonly rank: number; readonly size: number };
};

/**
 * The masked training rows of a recipe without an end, from the first one or from where `cursor` was taken; from the beginning of
 * its last phase on those of that phase. A budget that grows may lead back to the others, which go on where they stood.
 */
export async function* trainingBatches(
  recipe: Recipe,
  prepared: Pick<Prepared, "training" | "lastPhase" | "tokenizer">,
  { cursor, fraction = () => 0, ...options }: BatchesOptions,
): AsyncGenerator<{ batch: MaskedBatch; cursor: TrainingCursor }> {
  const { tokenizer, training, lastPhase } = prepared;
  const from = recipe.corpus.lastPhase?.from;
  const stream = (rows: RowSource, at: BatchCursor | undefined) =>
    rowBatches(recipe, rows, tokenizer, { ...options, cursor: at, fraction });
  if (from === undefined || lastPhase === undefined) return yield* stream(training, cursor);
  let { lastPhase: inLastPhase, ...at }: Partial<TrainingCursor> = cursor ?? {};
  for (;;) {
    const isLast = fraction() >= from;
    const before = hasBegun(at) ? at : undefined;
    for await (const { batch, cursor: next } of stream(isLast ? lastPhase : training, isLast ? inLastPhase : before)) {
      if (isLast) inLastPhase = next;
      else at = next;
      yield { batch, cursor: { ...(at as BatchCursor), ...(inLastPhase && { lastPhase: inLastPhase }) } };
      if (fraction() >= from !== isLast) break;
    }
  }
}

const hasBegun = (cursor: Partial<BatchCursor>): cursor is BatchCursor => cursor.stream !== undefined;

const rowBatches = (
  recipe: Recipe,
  rows: RowSource,
  tokenizer: Prepared["tokenizer"],
  { batchSize, cursor, fraction, team }: BatchesOptions & Required<Pick<BatchesOptions, "fraction">>,
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
