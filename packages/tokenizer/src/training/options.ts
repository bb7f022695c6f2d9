import type { Component } from "../tokenizer-json";

/** Where a training run stands. */
export interface TrainProgress {
  phase: "count" | "train";
  /** Documents and characters read so far. */
  documents: number;
  characters: number;
  /** Entries of the vocabulary so far, of `vocabSize`, in the second phase. */
  entries: number;
  vocabSize: number;
}

export interface TrainOptions {
  model: "WordPiece";
  /** Entries of the vocabulary, special tokens included. */
  vocabSize: number;
  /** Their ids are 0, 1, 2, ... in this order. */
  specialTokens?: readonly string[];
  /** One of the special tokens. */
  unkToken?: string;
  /** A pair, or a word of a word-level vocabulary, must occur this often. */
  minFrequency?: number;
  /** Characters that are in the vocabulary even where the text lacks them. */
  initialAlphabet?: readonly string[];
  /** Keep only this many of the most frequent characters. */
  limitAlphabet?: number;
  /** Longest token in characters. */
  maxTokenLength?: number;
  continuingSubwordPrefix?: string;
  /** `"trained"` accepts a smaller vocabulary where the text has no more to merge; otherwise that is an error. */
  size?: "exact" | "trained";
  normalizer?: Component | null;
  preTokenizer?: Component | null;
  decoder?: Component | null;
  /** Templates as Hugging Face writes them: `$A`, `$B:1` and special tokens, separated by spaces. */
  template?: { single: string; pair: string };
  onProgress?: (progress: TrainProgress) => void;
}
