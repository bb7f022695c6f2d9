import { coverageCounter, type Tokenizer } from "@cramkit/tokenizer";

/**
 * Counts the characters of a text that are in no known token: those that the normaliser removes, and those of unknown
 * tokens. White space, accents and control characters do not count. `ids` are those of the text.
 */
export type UncompressedCounter = (text: string, ids: ArrayLike<number>) => number;

export const uncompressedCounter = (tokenizer: Tokenizer): UncompressedCounter => {
  const cover = coverageCounter(tokenizer);
  return (text, ids) => {
    const { deleted, unknown } = cover(text, ids);
    return deleted + unknown;
  };
};
