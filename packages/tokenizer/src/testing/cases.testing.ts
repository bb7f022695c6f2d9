import { crammingTokenizerOptions } from "../study-preset.ts";
import type { TrainOptions } from "../training/options.ts";

const byteLevel = { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true };
const metaspace = { type: "Metaspace", replacement: "\u2581", prepend_scheme: "always", split: true };
const unknown = { specialTokens: ["<unk>", "<s>", "</s>"], unkToken: "<unk>" };
const template = { single: "<s> $A </s>", pair: "<s> $A </s> $B:1 </s>:1" };

/** A tokenizer of every kind, small enough for a test. */
export const kinds: Record<string, TrainOptions> = {
  cramming: crammingTokenizerOptions({ vocabSize: 300, useTypeIds: true }),
  "WordPiece, BERT": {
    model: "WordPiece",
    vocabSize: 300,
    specialTokens: ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
    unkToken: "[UNK]",
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    preTokenizer: { type: "BertPreTokenizer" },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    template: { single: "[CLS] $A [SEP]", pair: "[CLS] $A [SEP] $B:1 [SEP]:1" },
  },
  "BPE, byte level": {
    model: "BPE",
    vocabSize: 400,
    specialTokens: ["<s>", "</s>"],
    preTokenizer: byteLevel,
    postProcessor: { ...byteLevel, type: "ByteLevel" },
    decoder: byteLevel,
  },
  "BPE, metaspace, NFKC": {
    model: "BPE",
    vocabSize: 400,
    ...unknown,
    template,
    normalizer: { type: "NFKC" },
    preTokenizer: metaspace,
    decoder: metaspace,
  },
  "BPE, end of word": {
    model: "BPE",
    vocabSize: 400,
    ...unknown,
    endOfWordSuffix: "</w>",
    normalizer: { type: "Sequence", normalizers: [{ type: "NFC" }, { type: "Lowercase" }] },
    preTokenizer: {
      type: "Sequence",
      pretokenizers: [{ type: "Whitespace" }, { type: "Digits", individual_digits: true }],
    },
    decoder: { type: "BPEDecoder", suffix: "</w>" },
  },
  "Unigram, metaspace": {
    model: "Unigram",
    vocabSize: 250,
    ...unknown,
    template,
    preTokenizer: metaspace,
    decoder: metaspace,
  },
  "Unigram, first, stripped": {
    model: "Unigram",
    vocabSize: 250,
    ...unknown,
    normalizer: {
      type: "Sequence",
      normalizers: [
        { type: "Strip", strip_left: true, strip_right: true },
        { type: "NFKD" },
        { type: "StripAccents" },
        { type: "Replace", pattern: { Regex: "\\s{2,}" }, content: " " },
      ],
    },
    preTokenizer: { ...metaspace, prepend_scheme: "first" },
    decoder: metaspace,
  },
  WordLevel: { model: "WordLevel", vocabSize: 60, ...unknown, preTokenizer: { type: "WhitespaceSplit" } },
  "WordLevel, split by expression": {
    model: "WordLevel",
    vocabSize: 40,
    ...unknown,
    normalizer: { type: "Prepend", prepend: "_" },
    preTokenizer: {
      type: "Split",
      pattern: { Regex: "(?i:the)|\\p{Lu}\\w+|[^\\s\\p{L}]+" },
      behavior: "MergedWithNext",
      invert: false,
    },
  },
};
