import {
  crammedMasking,
  type MaskedBatch,
  type MaskedBatchOptions,
  type Masking,
  maskedBatches,
  rowsInMemory,
} from "@cramkit/packer";
import type { Tokenizer } from "@cramkit/tokenizer";
import type { RowToken } from "../protocol.ts";
import { batchSize, seqLength } from "./model-sizes.ts";
import type { Rows } from "./prepare-text.ts";

const maskIdOf = (tokenizer: Tokenizer): number => tokenizer.tokenToId("[MASK]")!;
const mostHeldOutRows = 32;

const sourceOf = (tokens: Uint16Array, tokenizer: Tokenizer) =>
  rowsInMemory(tokens, { seqLength, vocabSize: tokenizer.idLimit });

/** The batches of a run, from a cursor on: exactly a quarter of each row is masked, as in the study. */
export const trainingBatches = ({ training, tokenizer }: Rows, cursor: unknown) =>
  maskedBatches(sourceOf(training, tokenizer), {
    batchSize,
    maskId: maskIdOf(tokenizer),
    epochs: Number.POSITIVE_INFINITY,
    reshuffle: true,
    ...(cursor !== null && { cursor: cursor as NonNullable<MaskedBatchOptions["cursor"]> }),
  });

/**
 * The same held-out rows and masks every time. Every target is behind a mask: a model could copy those that training leaves
 * as they are, and would pass a unigram model, which sees nothing, without having learned anything.
 */
export const heldOutBatches = async ({ heldOut, tokenizer }: Rows): Promise<MaskedBatch[]> => {
  const first = heldOut.subarray(0, mostHeldOutRows * seqLength);
  const masking: Masking = { ...crammedMasking, replacement: "always-mask" };
  const options = { batchSize, masking, maskId: maskIdOf(tokenizer), seed: 1, dropLast: false };
  const batches: MaskedBatch[] = [];
  for await (const { batch } of maskedBatches(sourceOf(first, tokenizer), options)) batches.push(batch);
  return batches;
};

/** Mean loss in nats of predicting every held-out target by how often it occurs in the training rows, plus one. */
export const unigramLoss = (training: Uint16Array, vocabSize: number, batches: readonly MaskedBatch[]): number => {
  const counts = new Float64Array(vocabSize).fill(1);
  for (const id of training) counts[id]!++;
  const total = training.length + vocabSize;
  let [sum, targets] = [0, 0];
  for (const batch of batches)
    for (const id of batch.targets) {
      sum -= Math.log(counts[id]! / total);
      targets++;
    }
  return sum / targets;
};

/** The first rows of the first batch, token by token. */
export const exampleRows = async (rows: Rows, count: number): Promise<RowToken[][]> => {
  const { tokenizer } = rows;
  const name = (id: number) => tokenizer.idToToken(id) ?? "";
  for await (const { batch } of trainingBatches(rows, null)) {
    const tokens: RowToken[] = Array.from(batch.inputIds, (id) => ({ seen: name(id) }));
    batch.positions.forEach((at, i) => {
      tokens[at]!.target = name(batch.targets[i]!);
    });
    return Array.from({ length: count }, (_, row) => tokens.slice(row * seqLength, (row + 1) * seqLength));
  }
  return [];
};
