import { crammingTokenizerOptions, type TrainOptions } from "@cramkit/tokenizer";
import type { Recipe } from "./recipe.ts";

/** How the recipe's tokenizer is trained: always with the study's normalisation and special tokens. */
export const trainingOptions = ({ model, vocabSize }: Recipe["tokenizer"]): TrainOptions =>
  ({
    ...crammingTokenizerOptions({ vocabSize }),
    model,
  }) as TrainOptions;
