import { shuffledIndices, streamKey } from "@cramkit/random";
import type { EncodedExample } from "./encode.ts";

/** Rows padded to one length, a multiple of 8 unless the model takes no such row. Every array is `[size * seqLength]`, row by row. */
export interface InputBatch {
  readonly size: number;
  readonly seqLength: number;
  readonly inputIds: Int32Array;
  readonly typeIds: Int32Array;
  /** 1 at tokens, 0 at padding. */
  readonly attentionMask: Int32Array;
}

const lengthStep = 8;

export interface Padding {
  /** The token. */
  readonly id: number;
  /** The longest row that the model takes. */
  readonly maxLength: number;
}

/** The rows as one batch. */
export const padded = (rows: readonly Pick<EncodedExample, "ids" | "typeIds">[], padding: Padding): InputBatch => {
  const longest = rows.reduce((most, { ids }) => Math.max(most, ids.length), 1);
  const rounded = Math.ceil(longest / lengthStep) * lengthStep;
  const seqLength = Math.max(longest, Math.min(rounded, padding.maxLength));
  const size = rows.length;
  const inputIds = new Int32Array(size * seqLength).fill(padding.id);
  const typeIds = new Int32Array(size * seqLength);
  const attentionMask = new Int32Array(size * seqLength);
  for (const [i, row] of rows.entries()) {
    inputIds.set(row.ids, i * seqLength);
    typeIds.set(row.typeIds, i * seqLength);
    attentionMask.fill(1, i * seqLength, i * seqLength + row.ids.length);
  }
  return { size, seqLength, inputIds, typeIds, attentionMask };
};

/**
 * The batches of an epoch as numbers of rows, in a new random order: a pure function of (seed, epoch). Rows are not sorted by
 * length, so that a batch's labels are a random draw. All rows take part; the last batch may be smaller.
 */
export const epochBatches = (
  rows: number,
  { batchSize, seed, epoch }: { batchSize: number; seed: number; epoch: number },
): Uint32Array[] => {
  const order = shuffledIndices(streamKey(seed, "finetune/rows", epoch), rows);
  return Array.from({ length: Math.ceil(rows / batchSize) }, (_, i) =>
    order.subarray(i * batchSize, (i + 1) * batchSize),
  );
};

/** Numbers of rows by length, cut into batches: for predictions, whose order does not matter. */
export const lengthBatches = (rows: readonly EncodedExample[], batchSize: number): Uint32Array[] => {
  const order = Uint32Array.from(rows, (_, i) => i).sort((a, b) => rows[a]!.ids.length - rows[b]!.ids.length);
  return Array.from({ length: Math.ceil(rows.length / batchSize) }, (_, i) =>
    order.subarray(i * batchSize, (i + 1) * batchSize),
  );
};
