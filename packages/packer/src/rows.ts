import { checkOptions, fault } from "@cramkit/errors";

/** Token ids as they lie in memory and on disk: two bytes each if the vocabulary allows it. */
export type TokenArray = Uint16Array | Uint32Array;

/** Bytes of one token id on disk. */
export const tokenBytes = (vocabSize: number): 2 | 4 => {
  return vocabSize <= 65_536 ? 2 : 4;
};

/** Room for `length` token ids of a vocabulary of `vocabSize`. */
export const allocateTokens = (length: number, vocabSize: number): TokenArray => {
  return tokenBytes(vocabSize) === 2 ? new Uint16Array(length) : new Uint32Array(length);
};

/** Where a loader takes rows from. A prepared set on disk is one, `rowsInMemory` makes another; state your own freely. */
export interface RowSource {
  readonly seqLength: number;
  readonly rowCount: number;
  readonly vocabSize: number;
  /**
   * Names the content; a cursor of another set is refused if both sets have a key.
   * @defaultValue `"rows"`
   */
  readonly key?: string;
  /** Writes row `indices[i]` to `target[i * seqLength ...]`. `target: [indices.length * seqLength]`. */
  readRows(indices: ArrayLike<number>, target: Int32Array): void | Promise<void>;
}

/** A source over rows in memory. Borrows `tokens: [rowCount * seqLength]`. */
export const rowsInMemory = (
  tokens: TokenArray | Int32Array,
  options: {
    seqLength: number;
    vocabSize: number;
    /** @defaultValue none */
    key?: string;
  },
): RowSource => {
  checkOptions("rowsInMemory", options, { seqLength: true, vocabSize: true, key: true });
  const { seqLength, vocabSize, key } = options;
  if (!Number.isInteger(seqLength) || seqLength < 1 || tokens.length % seqLength !== 0)
    throw fault({
      code: "invalid-argument",
      place: "rowsInMemory",
      problem: `expected a whole number of rows of seqLength tokens, got ${tokens.length} tokens and seqLength ${seqLength}`,
      remedy: "cut the remainder off",
      type: RangeError,
    });
  const rowCount = tokens.length / seqLength;
  return {
    seqLength,
    vocabSize,
    rowCount,
    key,
    readRows(indices, target) {
      for (let i = 0; i < indices.length; i++) {
        const row = indices[i]!;
        if (!(row >= 0 && row < rowCount))
          throw fault({
            code: "invalid-argument",
            place: "readRows",
            problem: `expected a row of 0 to ${rowCount - 1}, got ${row}`,
            type: RangeError,
          });
        target.set(tokens.subarray(row * seqLength, (row + 1) * seqLength), i * seqLength);
      }
    },
  };
};
