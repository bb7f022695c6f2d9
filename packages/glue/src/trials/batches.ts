import { shuffledIndices, streamKey } from "@cramkit/random";
import type { EncodedExamples } from "./encoded.ts";
import { learningRateAt, type Protocol } from "./protocol.ts";

/** Rows padded to one length, a multiple of 8. Every array is `[size * seqLength]`, row by row. */
export interface Batch {
  readonly size: number;
  readonly seqLength: number;
  readonly inputIds: Int32Array;
  readonly typeIds: Int32Array;
  /** 1 at tokens, 0 at padding. */
  readonly attentionMask: Int32Array;
}

export interface TrainingBatch extends Batch {
  /** `[size]`, class numbers, or scores of a regression. */
  readonly labels: Float32Array;
  /** From 0 of `steps`. */
  readonly step: number;
  readonly steps: number;
  readonly epoch: number;
  /** What the protocol's schedule says for this step. */
  readonly learningRate: number;
}

export interface EvaluationBatch extends Batch {
  /** Which examples the first rows are; the rows after them repeat the last one and count for nothing. */
  readonly rows: Uint32Array;
}

const lengthStep = 8;

/** Steps of a trial: whole batches only, as in the study. */
export const stepsOf = (protocol: Protocol, examples: number): number => {
  return Math.floor(examples / protocol.batchSize) * protocol.epochs;
};

/**
 * The batches of a trial. Each epoch is a new permutation, a pure function of (seed, epoch); its remainder is dropped.
 * The rows of every `sortedBatches` batches are sorted by length, and the batches of the epoch are then shuffled; of 1, every
 * batch is a random draw. All batches have `batchSize` rows, so at most `maxLength / 8` shapes occur.
 */
export function* trainingBatches(
  data: EncodedExamples,
  { protocol, seed, padId }: { protocol: Protocol; seed: number; padId: number },
): Generator<TrainingBatch> {
  const { batchSize, epochs, sortedBatches } = protocol;
  const perEpoch = Math.floor(data.labels.length / batchSize);
  const steps = perEpoch * epochs;
  let step = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = shuffledIndices(streamKey(seed, "glue/rows", epoch), data.labels.length).subarray(
      0,
      perEpoch * batchSize,
    );
    const window = sortedBatches * batchSize;
    for (let start = 0; sortedBatches > 1 && start < order.length; start += window)
      byLength(data, order.subarray(start, start + window));
    for (const index of shuffledIndices(streamKey(seed, "glue/batches", epoch), perEpoch)) {
      const rows = order.subarray(index * batchSize, (index + 1) * batchSize);
      const labels = Float32Array.from(rows, (row) => data.labels[row]!);
      const learningRate = learningRateAt(protocol, step, steps);
      yield { ...padded(data, rows, batchSize, padId), labels, step, steps, epoch, learningRate };
      step++;
    }
  }
}

/**
 * All examples, sorted by length and cut into batches of `batchSize` rows; the last one has a multiple of 8 rows. At most
 * `maxLength / 8 + 1` shapes occur.
 */
export function* evaluationBatches(
  data: EncodedExamples,
  { batchSize, padId }: { batchSize: number; padId: number },
): Generator<EvaluationBatch> {
  const order = byLength(
    data,
    Uint32Array.from(data.labels, (_, row) => row),
  );
  for (let start = 0; start < order.length; start += batchSize) {
    const rows = order.subarray(start, start + batchSize);
    yield { ...padded(data, rows, Math.min(batchSize, Math.ceil(rows.length / 8) * 8), padId), rows };
  }
}

/** Sorts in place; rows of equal length keep their order. */
const byLength = ({ starts }: EncodedExamples, rows: Uint32Array): Uint32Array => {
  return rows.sort((a, b) => starts[a + 1]! - starts[a]! - (starts[b + 1]! - starts[b]!));
};

const padded = ({ ids, typeIds, starts }: EncodedExamples, rows: Uint32Array, size: number, padId: number): Batch => {
  let longest = 1;
  for (const row of rows) longest = Math.max(longest, starts[row + 1]! - starts[row]!);
  const seqLength = Math.ceil(longest / lengthStep) * lengthStep;
  const inputIds = new Int32Array(size * seqLength).fill(padId);
  const types = new Int32Array(size * seqLength);
  const attentionMask = new Int32Array(size * seqLength);
  for (let i = 0; i < size; i++) {
    const row = rows[Math.min(i, rows.length - 1)]!;
    const [start, end] = [starts[row]!, starts[row + 1]!];
    inputIds.set(ids.subarray(start, end), i * seqLength);
    types.set(typeIds.subarray(start, end), i * seqLength);
    attentionMask.fill(1, i * seqLength, i * seqLength + end - start);
  }
  return { size, seqLength, inputIds, typeIds: types, attentionMask };
};
