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
  /**
   * Their ids are 0, 1, 2, ... in this order.
   *
   * @defaultValue none
   */
  specialTokens?: readonly string[];
  /**
   * One of the special tokens: what unknown words and characters become.
   *
   * @defaultValue none; WordPiece and WordLevel throw without one
   */
  unkToken?: string;
  /**
   * How often a pair must occur to be merged (WordPiece, BPE), or a word to be an entry (WordLevel).
   *
   * @defaultValue `0`
   */
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
  /**
   * Characters that are in the vocabulary even if the text lacks them (all models but WordLevel).
   *
   * @defaultValue none
   */
  initialAlphabet?: readonly string[];
  /**
   * Keep only this many of the most frequent characters (WordPiece, BPE).
   *
   * @defaultValue no limit
   */
  limitAlphabet?: number;
  /**
   * Longest token in characters (WordPiece, BPE, Unigram).
   * @defaultValue 4000, for Unigram 16
   */
  maxTokenLength?: number;
  /**
   * Put before every token that does not begin a word.
   *
   * @defaultValue `"##"` for WordPiece, nothing for BPE
   */
  continuingSubwordPrefix?: string;
  /**
   * Put after every token that ends a word (BPE).
   *
   * @defaultValue nothing
   */
  endOfWordSuffix?: string;
  /**
   * `"trained"` accepts a smaller vocabulary if the text yields no more; `"exact"` throws.
   *
   * @defaultValue `"exact"`
   */
  size?: "exact" | "trained";
  /**
   * What is done to text first, as in `tokenizer.json`.
   *
   * @defaultValue `null`: none
   */
  normalizer?: Component | null;
  /**
   * What cuts text into words, as in `tokenizer.json`.
   *
   * @defaultValue `null`: none
   */
  preTokenizer?: Component | null;
  /**
   * What adds special tokens, as in `tokenizer.json`.
   *
   * @defaultValue `null`: what `template` says
   */
  postProcessor?: Component | null;
  /**
   * What joins tokens to text, as in `tokenizer.json`.
   *
   * @defaultValue `null`: none
   */
  decoder?: Component | null;
  /**
   * Makes the post-processor: `$A`, `$B:1` and special tokens, separated by spaces.
   *
   * @defaultValue no special token is added
   */
  template?: { single: string; pair: string };
  /**
   * Counts the words of the documents; `@cramkit/tokenizer/node` has one for several threads.
   *
   * @defaultValue on the calling thread
   */
  countWords?: CountWords;
  /**
   * Called for every document and every entry; do little in it.
   *
   * @defaultValue not reported
   */
  onProgress?: (progress: TrainProgress) => void;
}
