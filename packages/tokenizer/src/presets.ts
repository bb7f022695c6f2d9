import { specialToken } from "./added-tokens.ts";
import { refuseUnknown } from "./options.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { tokenizerFromJson } from "./tokenizer-json.ts";
import type { TrainOptions } from "./training/options.ts";
import { templateJson } from "./training/template-json.ts";

export interface CrammingOptions {
  vocabSize?: number;
  /** Start a single text with `<cls>`, end it with `<sep>`. */
  includeCls?: boolean;
  includeSep?: boolean;
  /** Give the second text of a pair the segment 1. */
  useTypeIds?: boolean;
}

/** Training options of "Cramming" (arXiv 2212.14034): English in lower-case ASCII, special tokens in a fixed order, `<pad>` is 0. */
export function crammingTokenizerOptions({
  vocabSize = 32768,
  includeCls = false,
  includeSep = true,
  useTypeIds = false,
  ...unknown
}: CrammingOptions = {}): TrainOptions {
  refuseUnknown("crammingTokenizerOptions", unknown, ["vocabSize", "includeCls", "includeSep", "useTypeIds"]);
  const regex = (source: string, content: string) => ({ type: "Replace", pattern: { Regex: source }, content });
  const literal = (text: string, content: string) => ({ type: "Replace", pattern: { String: text }, content });
  const second = useTypeIds ? 1 : 0;
  return {
    model: "WordPiece",
    vocabSize,
    specialTokens: ["<pad>", "<s>", "</s>", "<unk>", "<cls>", "<sep>", "<mask>"],
    unkToken: "<unk>",
    continuingSubwordPrefix: "##",
    normalizer: {
      type: "Sequence",
      normalizers: [
        literal("``", '"'),
        literal("''", '"'),
        { type: "NFD" },
        { type: "Lowercase" },
        { type: "StripAccents" },
        regex(" {2,}", " "),
        regex("[^\\x00-\\x7F]+", ""),
      ],
    },
    preTokenizer: { type: "Whitespace" },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    template: {
      single: [includeCls ? ["<cls>"] : [], "$A", includeSep ? ["<sep>"] : []].flat().join(" "),
      pair: `<cls> $A <sep> $B:${second} <sep>:${second}`,
    },
  };
}

/** The tokenizer of BERT from its `vocab.txt`, one token a line. */
export function bertTokenizer(vocabTxt: string, options: { lowercase?: boolean } = {}): Tokenizer {
  refuseUnknown("bertTokenizer", options, ["lowercase"]);
  const { lowercase = true } = options;
  const lines = vocabTxt.split("\n");
  if (lines.at(-1) === "") lines.pop();
  const ids = new Map<string, number>();
  lines.forEach((line, id) => {
    const token = line.trimEnd();
    if (ids.has(token)) {
      throw new RangeError(
        `bertTokenizer: expected each token once, got ${JSON.stringify(token)} in lines ${ids.get(token)! + 1} and ${id + 1}`,
      );
    }
    ids.set(token, id);
  });
  const specialTokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
  for (const token of specialTokens) {
    if (!ids.has(token))
      throw new RangeError(`bertTokenizer: expected a vocab.txt with ${token}, got ${ids.size} tokens without it`);
  }
  return tokenizerFromJson({
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: specialTokens.map((content) => specialToken(content, ids.get(content)!)).sort((a, b) => a.id - b.id),
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase,
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: templateJson({ single: "[CLS] $A [SEP]", pair: "[CLS] $A [SEP] $B:1 [SEP]:1" }, (token) =>
      ids.get(token),
    ),
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(ids),
    },
  });
}
