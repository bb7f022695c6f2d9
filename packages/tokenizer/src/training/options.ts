import type { Component } from "../json/schema.ts";
import type { PipelineOptions } from "../pipeline.ts";

/** Reads all documents, calls `onDocument` for each and counts the words that the pipeline makes of them. */
export type CountWords = (
  documents: AsyncIterable<string> | Iterable<string>,
  pipeline: PipelineOptions,
  onDocument: (document: string) => void,
) => Promise<Map<string, number>>;

/** Where a training run stands. */
export interface TrainProgress {
  /** Reading the documents and counting their words, or making the vocabulary of the words. */
  phase: "count" | "train";
  documents: number;
  /** UTF-16 units read. */
  characters: number;
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
  /** Characters that are in the vocabulary even where the text lacks them (all models but WordLevel). */
  initialAlphabet?: readonly string[];
  /** Keep only this many of the most frequent characters (WordPiece, BPE). */
  limitAlphabet?: number;
  /** Longest token in characters (WordPiece, BPE, Unigram where it is 16 unless said otherwise). */
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
