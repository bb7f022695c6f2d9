import type { TokenArray } from "./rows.ts";

export type Direction = "ascending" | "descending";

/** A score the caller computes. The name stands for the function in the key of the set: change it with the function. */
interface CustomOrder {
  by: "score";
  name: string;
  /** `row: [seqLength]`, borrowed. NaN is refused. */
  score: (row: TokenArray) => number;
  /** @defaultValue `"ascending"` */
  direction?: Direction;
}

/**
 * The order of rows. Rows that tie stay in the order in which they were packed.
 * - "as-is": as packed. "shuffled": by `seed`.
 * - token-count: how often a token occurs, descending by default. With the id of "." this is crammed-bert's
 *   sentence-length curriculum, short sentences first; with the separator, short documents first.
 * - unigram: mean log2 of (count + 1) / (total + vocabSize) over the row's tokens, counted in all rows. The reference's
 *   code sorts ascending, its paper describes descending (most likely rows first), which is the default here.
 * - length: the sum of `tokenLengths[id]`, ascending by default: short words first.
 */
export type RowOrder =
  | "as-is"
  | "shuffled"
  | {
      by: "token-count";
      tokenId: number;
      /** @defaultValue `"descending"` */
      direction?: Direction;
    }
  | {
      by: "unigram";
      /** @defaultValue `"descending"` */
      direction?: Direction;
    }
  | {
      by: "length";
      tokenLengths: ArrayLike<number>;
      /** @defaultValue `"ascending"` */
      direction?: Direction;
    }
  | CustomOrder;
