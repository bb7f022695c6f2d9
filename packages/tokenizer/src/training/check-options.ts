import { fault, shown } from "@cramkit/errors";
import { checkOneOf, checkWhole, refuseUnknown } from "../options.ts";
import type { TrainOptions } from "./options.ts";
import { VocabSizeError } from "./vocab-size-error.ts";

/** A JavaScript Map has room for 2^24 entries. */
const MAX_MAX_WORDS = 0xf00000;

const complain = (expected: string, got: unknown, remedy: string): never => {
  throw fault({
    code: "invalid-argument",
    place: "trainTokenizer",
    problem: `expected ${expected}, got ${shown(got)}`,
    remedy: remedy,
    type: RangeError,
  });
};

const known = {
  model: true,
  vocabSize: true,
  specialTokens: true,
  unkToken: true,
  minFrequency: true,
  maxWords: true,
  splitSpecialTokens: true,
  initialAlphabet: true,
  limitAlphabet: true,
  maxTokenLength: true,
  continuingSubwordPrefix: true,
  endOfWordSuffix: true,
  size: true,
  normalizer: true,
  preTokenizer: true,
  postProcessor: true,
  decoder: true,
  template: true,
  countWords: true,
  onProgress: true,
} satisfies Record<keyof TrainOptions, true>;

/** What peers call them. */
const instead = {
  vocab_size: "vocabSize",
  special_tokens: "specialTokens",
  min_frequency: "minFrequency",
  limit_alphabet: "limitAlphabet",
  initial_alphabet: "initialAlphabet",
  unk_token: "unkToken",
  pre_tokenizer: "preTokenizer",
  post_processor: "postProcessor",
  max_token_length: "maxTokenLength",
  max_piece_length: "maxTokenLength",
  continuing_subword_prefix: "continuingSubwordPrefix",
  end_of_word_suffix: "endOfWordSuffix",
};

/** Longest token, so that a `tokenizer.json` with its prefix is read again. */
export const MAX_TOKEN_LENGTH = 4000;

/** Longest token of Unigram, whose time grows with it. */
const MAX_PIECE_LENGTH = 256;

/** Throws if options contradict each other or what they are for. */
export const checkTrainOptions = (options: TrainOptions): void => {
  refuseUnknown("trainTokenizer", options, Object.keys(known), instead);
  const { model, vocabSize, specialTokens = [], unkToken, template, postProcessor } = options;
  if (!Number.isInteger(vocabSize) || vocabSize < 1 || vocabSize > 0x3ffffff) {
    complain("vocabSize to be an integer from 1 to 67108863", vocabSize, "set it to one");
  }
  for (const name of ["minFrequency", "limitAlphabet"] as const) {
    const value = options[name];
    if (value !== undefined && !(value >= 0))
      complain(`${name} to be 0 or more`, value, "leave it out for the default");
  }
  checkWhole("trainTokenizer", "maxWords", options.maxWords, 2, MAX_MAX_WORDS);
  const longest = model === "Unigram" ? MAX_PIECE_LENGTH : MAX_TOKEN_LENGTH;
  checkWhole("trainTokenizer", "maxTokenLength", options.maxTokenLength, 1, longest);
  checkOneOf("trainTokenizer", "size", options.size, ["exact", "trained"]);
  checkOneOf("trainTokenizer", "splitSpecialTokens", options.splitSpecialTokens, [true, false]);
  for (const name of ["specialTokens", "initialAlphabet"] as const) {
    const value: unknown = options[name] ?? [];
    if (!Array.isArray(value) || value.some((token) => typeof token !== "string" || token.length > MAX_TOKEN_LENGTH))
      complain(`${name} to be an array of strings of at most ${MAX_TOKEN_LENGTH} characters`, value, "list them");
  }
  const seen = new Set<string>();
  const repeated = specialTokens.find((token) => seen.size === seen.add(token).size);
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
};
