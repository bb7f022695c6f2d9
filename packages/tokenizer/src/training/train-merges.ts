import type { Component } from "../json/schema.ts";
import { alphabetOf } from "./alphabet.ts";
import { MAX_TOKEN_LENGTH } from "./check-options.ts";
import { learnMerges } from "./merges.ts";
import type { TrainOptions } from "./options.ts";
import type { ConsumedWords } from "./sorted-words.ts";
import { symbolize } from "./symbolize.ts";
import type { OnFraction } from "./turns.ts";
import { VocabSizeError } from "./vocab-size-error.ts";

/** Byte-pair encoding over counted words, for the models that are made of merges. Consumes `words`. */
export const trainMerges = async (
  words: ConsumedWords,
  options: TrainOptions,
  onProgress: OnFraction,
): Promise<Component> => {
  const isBpe = options.model === "BPE";
  const { vocabSize, specialTokens = [], initialAlphabet = [], unkToken } = options;
  const { continuingSubwordPrefix: prefix = isBpe ? "" : "##", endOfWordSuffix: suffix = "" } = options;
  const alphabet = alphabetOf(words, initialAlphabet, options.limitAlphabet ?? Number.POSITIVE_INFINITY);
  const tokens = [...new Set([...specialTokens, ...alphabet])];
  const symbols = symbolize(words, tokens, alphabet, { prefix, suffix });
  words.clear();
  if (tokens.length > vocabSize) {
    throw new VocabSizeError(
      `at least ${tokens.length} (${specialTokens.length} special tokens and the characters of the text)`,
      vocabSize,
      "raise it",
      "or set limitAlphabet",
    );
  }
  const start = tokens.length;
  const merges = await learnMerges(symbols, {
    tokens,
    vocabSize,
    minFrequency: options.minFrequency ?? 0,
    continuingSubwordPrefix: prefix,
    maxTokenLength: options.maxTokenLength ?? MAX_TOKEN_LENGTH,
    onMerge: (entries) => onProgress((entries - start) / (vocabSize - start)),
  });
  const vocab = Object.fromEntries(tokens.map((token, id) => [token, id]));
  if (!isBpe) {
    return {
      type: "WordPiece",
      unk_token: unkToken,
      continuing_subword_prefix: prefix,
      max_input_chars_per_word: 100,
      vocab,
    };
  }
  return {
    type: "BPE",
    dropout: null,
    unk_token: unkToken ?? null,
    continuing_subword_prefix: prefix === "" ? null : prefix,
    end_of_word_suffix: suffix === "" ? null : suffix,
    fuse_unk: false,
    byte_fallback: false,
    ignore_merges: false,
    vocab,
    merges: merges.map(([left, right]) => [tokens[left]!, tokens[right]!]),
  };
};
