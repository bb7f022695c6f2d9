import type { Component } from "../json/schema.ts";
import type { PipelineOptions } from "../pipeline.ts";
import type { CountedWords } from "./counted-words.ts";

/**
 * Reads all documents, calls `onDocument` for each and counts the words that the pipeline makes of them. Of more than
 * `maxWords` different words it may drop the rarest.
 */
export type CountWords = (
  documents: AsyncIterable<string> | Iterable<string>,
  pipeline: PipelineOptions,
  onDocument: (document: string) => void,
  maxWords: number,
) => Promise<CountedWords>;

/** Where a training run stands. */
export interface TrainProgress {
  /** Reading the documents and counting their words, or making the vocabulary of the words. */
  phase: "count" | "train";
  documents: number;
  /** UTF-16 units read. */
  characters: number;
  /** Times that a rare word was left out because there were more than `maxWords`; known when the first phase is done. */
  droppedWords: number;
  /** Part of the second phase that is done, 0 to 1. */
  fraction: number;
}

export interface TrainOptions {
  model: "WordPiece" | "BPE" | "Unigram" | "WordLevel";
  /** Entries of the vocabulary, special tokens included. */
  vocabSize: number;
  /** Their ids are 0, 1, 2, ... in this order. */
  specialTokens?: readonly string[];
  /** One of the special tokens. WordPiece and WordLevel need it. */
  unkToken?: string;
  /** How often a pair must occur to be merged (WordPiece, BPE), or a word to be an entry (WordLevel). */
  minFrequency?: number;
  /**
   * Different words that are counted at most, each some 100 bytes. When there are more, the rarer half is left out, and
   * the tokenizer depends on the order of the documents. `onProgress` says how many went.
   * @defaultValue 4,194,304
   */
  maxWords?: number;
  /**
   * Special tokens that are written in the documents are text like any other.
   * @defaultValue false: they are left out, as in Hugging Face's trainers
   */
  splitSpecialTokens?: boolean;
  /** Characters that are in the vocabulary even where the text lacks them (all models but WordLevel). */
  initialAlphabet?: readonly string[];
  /** Keep only this many of the most frequent characters (WordPiece, BPE). */
  limitAlphabet?: number;
  /**
   * Longest token in characters (WordPiece, BPE, Unigram).
   * @defaultValue 4000, for Unigram 16
   */
  maxTokenLength?: number;
  /** Put before every token that does not begin a word; `##` for WordPiece unless said otherwise, nothing for BPE. */
  continuingSubwordPrefix?: string;
  /** Put behind every token that ends a word (BPE). */
  endOfWordSuffix?: string;
  /** `"trained"` accepts a smaller vocabulary where the text gives no more; otherwise that is an error. */
  size?: "exact" | "trained";
  normalizer?: Component | null;
  preTokenizer?: Component | null;
  postProcessor?: Component | null;
  decoder?: Component | null;
  /** Makes the post-processor: `$A`, `$B:1` and special tokens, separated by spaces. */
  template?: { single: string; pair: string };
  /** Counts on the calling thread unless said otherwise; `@cramkit/tokenizer/node` has one for several threads. */
  countWords?: CountWords;
  /** Called for every document and every entry; do little in it. */
  onProgress?: (progress: TrainProgress) => void;
}
