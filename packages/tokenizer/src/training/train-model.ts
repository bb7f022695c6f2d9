import { fault } from "@cramkit/errors";
import type { Component } from "../json/schema.ts";
import type { TrainOptions } from "./options.ts";
import type { ConsumedWords } from "./sorted-words.ts";
import { trainMerges } from "./train-merges.ts";
import { trainUnigram } from "./train-unigram.ts";
import { trainWordLevel } from "./train-word-level.ts";
import type { OnFraction } from "./turns.ts";

/** Makes the `model` of a `tokenizer.json` from counted words, which it may consume. */
export const trainModel = (
  words: ConsumedWords,
  options: TrainOptions,
  onProgress: OnFraction,
): Component | Promise<Component> => {
  switch (options.model) {
    case "WordPiece":
    case "BPE":
      return trainMerges(words, options, onProgress);
    case "Unigram":
      return trainUnigram(words, options, onProgress);
    case "WordLevel":
      return trainWordLevel(words, options);
    default:
      throw fault({
        code: "invalid-argument",
        place: "trainTokenizer",
        problem: `expected model to be WordPiece, BPE, Unigram or WordLevel, got ${JSON.stringify(options.model satisfies never)}`,
        remedy: "choose one of these",
        type: RangeError,
      });
  }
};
