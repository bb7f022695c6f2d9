import { fault } from "@cramkit/errors";
import { randomStream, streamKey } from "@cramkit/random";
import type { Direction, RowOrder } from "./row-order.ts";
import type { TokenArray } from "./rows.ts";

/** Gives each row a key: ascending keys are the order. `row` is the place of the row among all packed rows. */
export type RowKey = (tokens: TokenArray, row: number) => number;

/** The key of the rows for an order. `counts: [vocabSize]` of all rows is needed for "unigram" only. */
export const rowKey = (
  order: Exclude<RowOrder, "as-is">,
  {
    seed,
    vocabSize,
    counts,
  }: {
    seed: number;
    vocabSize: number;
    /** @defaultValue none: the unigram order throws */
    counts?: Float64Array;
  },
): RowKey => {
  if (order === "shuffled") return shuffleKey(seed);
  if (order.by === "token-count") return signed(order.direction ?? "descending", countOf(order.tokenId));
  if (order.by === "length") return signed(order.direction ?? "ascending", sumOf(order.tokenLengths));
  if (order.by === "unigram") {
    if (!counts)
      throw fault({
        code: "invalid-argument",
        place: "rowKey",
        problem: "expected token counts for the unigram order",
      });
    return signed(order.direction ?? "descending", meanOf(unigramLogProbabilities(counts, vocabSize)));
  }
  const { name, score } = order;
  return signed(order.direction ?? "ascending", (tokens) => {
    const value = score(tokens);
    if (Number.isNaN(value))
      throw fault({
        code: "invalid-argument",
        place: "writePreparedSet",
        problem: `expected a number from the score "${name}", got NaN`,
        type: RangeError,
      });
    return value;
  });
};

/** Adds how often each token occurs to `counts: [vocabSize]`. */
export const countTokens = (tokens: TokenArray, counts: Float64Array): void => {
  for (let i = 0; i < tokens.length; i++) counts[tokens[i]!]!++;
};

/** log2 of the add-one-smoothed probability of each token. */
const unigramLogProbabilities = (counts: Float64Array, vocabSize: number): Float64Array => {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.map((count) => Math.log2((count + 1) / (total + vocabSize)));
};

const shuffleKey = (seed: number): RowKey => {
  const { float64 } = randomStream(streamKey(seed, "packer/rows"));
  return (_, row) => float64(row);
};

const signed =
  (direction: Direction, score: (tokens: TokenArray) => number): RowKey =>
  (tokens) =>
    direction === "ascending" ? score(tokens) : -score(tokens);

const countOf = (id: number) => (tokens: TokenArray) => {
  let count = 0;
  for (let i = 0; i < tokens.length; i++) if (tokens[i] === id) count++;
  return count;
};

const sumOf = (values: ArrayLike<number>) => (tokens: TokenArray) => {
  let sum = 0;
  for (let i = 0; i < tokens.length; i++) sum += values[tokens[i]!]!;
  return sum;
};

const meanOf = (values: ArrayLike<number>) => (tokens: TokenArray) => sumOf(values)(tokens) / tokens.length;
