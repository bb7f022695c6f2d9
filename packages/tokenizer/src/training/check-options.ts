import type { TrainOptions } from "./options.ts";
import { VocabSizeError } from "./vocab-size-error.ts";

const complain = (expected: string, got: unknown, remedy: string): never => {
  throw new RangeError(`trainTokenizer: expected ${expected}, got ${JSON.stringify(got)}; ${remedy}`);
};

/** Throws where options contradict each other or what they are for. */
export function checkTrainOptions(options: TrainOptions): void {
  const { model, vocabSize, specialTokens = [], unkToken, template, postProcessor } = options;
  if (!Number.isInteger(vocabSize) || vocabSize < 1 || vocabSize > 0x3ffffff) {
    complain("vocabSize to be an integer from 1 to 67108863", vocabSize, "set it to one");
  }
  for (const name of ["minFrequency", "limitAlphabet", "maxTokenLength"] as const) {
    const value = options[name];
    if (value !== undefined && !(value >= 0))
      complain(`${name} to be 0 or more`, value, "leave it out for the default");
  }
  const repeated = specialTokens.find((token, i) => specialTokens.indexOf(token) !== i);
  if (repeated !== undefined) complain("each of specialTokens once", repeated, "it is there twice: remove one");
  if (specialTokens.includes("")) complain("specialTokens that are not empty", "", "remove it");
  if (specialTokens.length > vocabSize)
    throw new VocabSizeError(`at least ${specialTokens.length}, the special tokens`, vocabSize, "raise it");
  if (unkToken !== undefined && !specialTokens.includes(unkToken)) {
    complain("unkToken to be one of specialTokens", unkToken, "add it there");
  }
  if (unkToken === undefined && (model === "WordPiece" || model === "WordLevel")) {
    complain(`unkToken for ${model}`, unkToken, "name one of specialTokens");
  }
  if (template && postProcessor) complain("either template or postProcessor", "both", "leave one out");
}
