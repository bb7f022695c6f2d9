import { crammingTokenizerOptions, type TrainOptions } from "@cramkit/tokenizer";
import type { Recipe } from "./recipe.ts";

/** A tokenizer of the study, as a recipe has it: English in lower-case ASCII, with the study's special tokens. */
export const studyTokenizer = (model: Recipe["tokenizer"]["model"], vocabSize: number): Recipe["tokenizer"] => ({
  from: null,
  add: [],
  model,
  vocabSize,
  text: "english",
  lowercase: null,
  stripAccents: null,
  asciiOnly: null,
  isolateIdeographs: null,
  escapeSpaces: false,
  specialTokens: "study",
  includeCls: false,
  includeSep: true,
});

/** Entries of a recipe's vocabulary. */
export const vocabularySize = ({ vocabSize, add }: Recipe["tokenizer"]): number => vocabSize + add.length;

/** How the recipe's tokenizer is trained. Special tokens that are written in the corpus are text like any other. */
export const trainingOptions = (settings: Recipe["tokenizer"]): TrainOptions => {
  const { from: _, add: __, model, lowercase, stripAccents, asciiOnly, isolateIdeographs, ...options } = settings;
  return {
    ...crammingTokenizerOptions({
      ...options,
      algorithm: model,
      lowercase: lowercase ?? undefined,
      stripAccents: stripAccents ?? undefined,
      asciiOnly: asciiOnly ?? undefined,
      isolateIdeographs: isolateIdeographs ?? undefined,
    }),
    splitSpecialTokens: true,
  };
};
