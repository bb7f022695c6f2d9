import type { Component } from "../json/schema.ts";
import type { WordCounts } from "./alphabet.ts";
import { MAX_TOKEN_LENGTH } from "./check-options.ts";
import type { TrainOptions } from "./options.ts";

/** The most frequent words; of equal ones the first in the order of their code points. */
export const trainWordLevel = (words: WordCounts, options: TrainOptions): Component => {
  const { vocabSize, specialTokens = [], unkToken, minFrequency = 0 } = options;
  const special = new Set(specialTokens);
  const frequent = [...words]
    .filter(([word, count]) => count >= minFrequency && !special.has(word) && word.length <= MAX_TOKEN_LENGTH)
    .sort(([a, m], [b, n]) => n - m || compareCodePoints(a, b))
    .map(([word]) => word);
  const tokens = [...special, ...frequent].slice(0, vocabSize);
  return {
    type: "WordLevel",
    vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
    unk_token: unkToken,
  };
};

/** The order of UTF-8; JavaScript compares UTF-16 units, where astral characters come before U+E000. */
export const compareCodePoints = (a: string, b: string): number => {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    const isSurrogate = (unit: number) => unit >= 0xd800 && unit < 0xe000;
    return isSurrogate(x) === isSurrogate(y) ? x - y : isSurrogate(x) ? 1 : -1;
  }
  return a.length - b.length;
};
