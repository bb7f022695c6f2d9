import { alphabetOf, type WordCounts } from "./alphabet";
import { learnMerges } from "./merges";
import type { TrainOptions } from "./options";
import { symbolize } from "./symbolize";

/** Byte-pair encoding over counted words: the vocabulary by id and the merges in order. */
export function trainMerges(
  words: WordCounts,
  options: TrainOptions,
  prefix: string,
  onMerge: (entries: number) => void,
): { tokens: string[]; merges: [string, string][] } {
  const { vocabSize, specialTokens = [], initialAlphabet = [] } = options;
  const alphabet = alphabetOf(words, initialAlphabet, options.limitAlphabet ?? Number.POSITIVE_INFINITY);
  const tokens = [...new Set([...specialTokens, ...alphabet])];
  const symbols = symbolize(words, tokens, alphabet, prefix);
  if (tokens.length > vocabSize) {
    throw new RangeError(
      `trainTokenizer: expected vocabSize of at least ${tokens.length} (${specialTokens.length} special tokens and the characters of the text), ` +
        `got ${vocabSize}; raise it or set limitAlphabet`,
    );
  }
  const merges = learnMerges(symbols, {
    tokens,
    vocabSize,
    minFrequency: options.minFrequency ?? 0,
    continuingSubwordPrefix: prefix,
    maxTokenLength: options.maxTokenLength ?? Number.POSITIVE_INFINITY,
    onMerge,
  });
  return { tokens, merges: merges.map(([left, right]) => [tokens[left]!, tokens[right]!]) };
}
