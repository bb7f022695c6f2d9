import { meanReciprocalRank, rankOf, recallAt } from "@cramkit/metrics";
import { matMul, tensor2d, tidy } from "@tensorflow/tfjs-core";
import type { Outcome } from "../score/outcome.ts";
import { largest } from "../score/predictions.ts";
import type { Evaluation } from "../score/score.ts";
import type { RetrievalSet } from "./retrieval-set.ts";

/** Queries whose similarities to all candidates are in memory at once. */
const block = 128;

/**
 * What each text of a set finds by exact inner products: `mrr`, the mean of 1 / rank of what it should find, and the shares
 * that find it among the first 1, 5 and 10. The loss is the contrastive one over all candidates. Equal scores count as
 * better ones.
 *
 * @param vectors of the set's rows, of length 1
 */
export const scoreRetrieval = async (
  set: RetrievalSet,
  vectors: readonly Float32Array[],
  { temperature, pause }: { temperature: number; pause: () => Promise<void> },
): Promise<{ evaluation: Evaluation; outcomes: Outcome[] }> => {
  const width = vectors[0]!.length;
  const matrix = (rows: Int32Array) => {
    const values = new Float32Array(rows.length * width);
    for (const [i, row] of rows.entries()) values.set(vectors[row]!, i * width);
    return tensor2d(values, [rows.length, width]);
  };
  const candidates = matrix(set.candidates);
  const count = set.candidates.length;
  const outcomes: Outcome[] = [];
  try {
    for (let from = 0; from < set.queries.length; from += block) {
      const likeness = tidy(() => matMul(matrix(set.queries.slice(from, from + block)), candidates, false, true));
      const values = await likeness.data();
      likeness.dispose();
      for (let row = 0; row < values.length / count; row++)
        outcomes.push(outcomeOf(set, from + row, values.slice(row * count, (row + 1) * count), temperature));
      await pause();
    }
  } finally {
    candidates.dispose();
  }
  const ranks = outcomes.map(({ prediction }) => prediction.rank);
  const scores = {
    mrr: meanReciprocalRank(ranks),
    recallAt1: recallAt(ranks, 1),
    recallAt5: recallAt(ranks, 5),
    recallAt10: recallAt(ranks, 10),
  };
  const loss = outcomes.reduce((sum, one) => sum + one.loss, 0) / outcomes.length;
  return { evaluation: { rows: outcomes.length, loss, scores }, outcomes };
};

const outcomeOf = (
  set: RetrievalSet,
  index: number,
  scores: ArrayLike<number> & { [index: number]: number },
  temperature: number,
): Outcome => {
  for (const other of set.ignored[index]!) scores[other] = Number.NEGATIVE_INFINITY;
  const wanted = set.wanted[index]!;
  const best = largest(scores);
  let sum = 0;
  for (let i = 0; i < scores.length; i++) sum += Math.exp((scores[i]! - scores[best]!) / temperature);
  const loss = (scores[best]! - scores[wanted]!) / temperature + Math.log(sum);
  const { cut } = set.rows[set.queries[index]!]!;
  const prediction = { rank: rankOf(scores, wanted), nearest: set.candidateTexts[best]!, cut };
  return { example: set.examples[index]!, prediction, loss };
};
