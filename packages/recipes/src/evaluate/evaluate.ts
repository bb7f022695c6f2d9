import { type ModelConfig, maskedLanguageModelLoss } from "@cramkit/model";
import { type MaskedBatch, type Masking, maskedBatches, type RowSource } from "@cramkit/packer";
import { subSeed } from "@cramkit/random";
import { maskedLogits } from "../model/masked-logits.ts";
import type { NamedTensors } from "../named-tensors.ts";
import type { MaskedScore } from "../run-record.ts";
import type { Team } from "../team.ts";

export interface EvaluationSet {
  readonly source: RowSource;
  /** Rows from the beginning of the source; all if it has fewer. */
  readonly rows: number;
  readonly maskId: number;
  readonly masking: Masking;
  readonly seed: number;
}

/** Called between two batches: throws to stop. */
type Pause = () => Promise<void>;

export const rowsOfABatch = 16;

/** The masked batches of an evaluation: the same rows and masks every time. */
async function* evaluationBatches({ source, rows, maskId, masking, seed }: EvaluationSet): AsyncGenerator<MaskedBatch> {
  const rowCount = Math.min(rows, source.rowCount);
  const { seqLength, vocabSize } = source;
  const first: RowSource = { rowCount, seqLength, vocabSize, readRows: (...request) => source.readRows(...request) };
  const options = { maskId, masking, seed: subSeed(seed, "recipes/evaluation"), dropLast: false };
  for await (const { batch } of maskedBatches(first, { ...options, batchSize: rowsOfABatch })) yield batch;
}

/** Sums over masked positions; from them the mean loss and the share of right guesses. */
const createScore = () => {
  let [loss, right, positions] = [0, 0, 0];
  return {
    add(nll: number, isRight: boolean) {
      loss += nll;
      right += isRight ? 1 : 0;
      positions++;
    },
    value: (): MaskedScore & { positions: number } => ({
      loss: loss / positions,
      accuracy: right / positions,
      positions,
    }),
  };
};

/**
 * The same loss as that of `scoreModel`, as training computes it: nothing but one number a batch leaves the device. The ranks
 * of a team take the batches in turn, and get the loss of all. Borrows the parameters.
 */
export const heldOutLoss = async (
  params: NamedTensors,
  config: ModelConfig,
  set: EvaluationSet,
  pause: Pause = async () => {},
  team?: Pick<Team, "rank" | "size" | "sum">,
): Promise<number> => {
  let [sum, positions, index] = [0, 0, 0];
  for await (const batch of evaluationBatches(set)) {
    if (team && index++ % team.size !== team.rank) continue;
    await pause();
    const mean = maskedLanguageModelLoss(params, config, batch);
    sum += (await mean.data())[0]! * batch.targets.length;
    positions += batch.targets.length;
    mean.dispose();
  }
  const sums = Float64Array.of(sum, positions);
  await team?.sum(sums);
  return sums[0]! / sums[1]!;
};

/** Masked-token loss and accuracy of a model. Borrows the parameters. */
export const scoreModel = async (
  params: NamedTensors,
  config: ModelConfig,
  set: EvaluationSet,
  pause: Pause = async () => {},
) => {
  const score = createScore();
  for await (const batch of evaluationBatches(set)) {
    await pause();
    const logits = maskedLogits(params, config, batch);
    const values = await logits.data();
    logits.dispose();
    const vocab = values.length / batch.targets.length;
    batch.targets.forEach((target, row) => {
      let best = 0;
      const at = row * vocab;
      for (let id = 1; id < vocab; id++) if (values[at + id]! > values[at + best]!) best = id;
      const top = values[at + best]!;
      let sum = 0;
      for (let id = 0; id < vocab; id++) sum += Math.exp(values[at + id]! - top);
      score.add(top + Math.log(sum) - values[at + target]!, best === target);
    });
  }
  return score.value();
};

/** The same of a unigram model: every token by its frequency in `training`, counted up by one. */
export const scoreUnigram = async (training: RowSource, set: EvaluationSet, pause: Pause = async () => {}) => {
  const counts = new Float64Array(training.vocabSize).fill(1);
  const rowsAtOnce = 256;
  const tokens = new Int32Array(rowsAtOnce * training.seqLength);
  for (let row = 0; row < training.rowCount; row += rowsAtOnce) {
    const indices = Array.from({ length: Math.min(rowsAtOnce, training.rowCount - row) }, (_, i) => row + i);
    await pause();
    await training.readRows(indices, tokens);
    for (const id of tokens.subarray(0, indices.length * training.seqLength)) counts[id]!++;
  }
  const total = counts.reduce((sum, count) => sum + count, 0);
  const likeliest = counts.indexOf(Math.max(...counts));
  const score = createScore();
  for await (const { targets } of evaluationBatches(set)) {
    await pause();
    for (const target of targets) score.add(-Math.log(counts[target]! / total), target === likeliest);
  }
  return score.value();
};
