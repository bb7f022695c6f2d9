import { fault } from "@cramkit/errors";
/** Where a query found what belongs to it: from 1, the first of several; undefined if it did not. */
export type Rank = number | undefined;

/** The share of queries that find what belongs to them among the first `k`; 0 if there are none. */
export const recallAt = (ranks: readonly Rank[], k: number): number =>
  mean(ranks, (rank) => (rank !== undefined && rank <= k ? 1 : 0));

/** The mean of 1 / rank, 0 for a query that finds nothing (Voorhees 1999); 0 if there are none. */
export const meanReciprocalRank = (ranks: readonly Rank[]): number =>
  mean(ranks, (rank) => (rank === undefined ? 0 : 1 / rank));

/**
 * The rank of one candidate among all by their scores, the largest first. Equal scores count as better ones: a model that gives
 * all the same score has found nothing.
 */
export const rankOf = (scores: ArrayLike<number>, wanted: number): number => {
  let rank = 0;
  for (let i = 0; i < scores.length; i++) if (!(scores[i]! < scores[wanted]!)) rank++;
  return rank;
};

const mean = (ranks: readonly Rank[], value: (rank: Rank) => number): number => {
  for (const rank of ranks) {
    if (rank !== undefined && !(Number.isInteger(rank) && rank >= 1))
      throw fault({
        code: "invalid-argument",
        place: "retrieval",
        problem: `expected ranks from 1, or undefined, got ${rank}`,
        type: RangeError,
      });
  }
  return ranks.length === 0 ? 0 : ranks.reduce((sum: number, rank) => sum + value(rank), 0) / ranks.length;
};
