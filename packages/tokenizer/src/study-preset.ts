import type { Component } from "./json/schema.ts";
import { checkOneOf, refuseUnknown } from "./options.ts";
import { byteCharacters } from "./text/byte-characters.ts";
import type { TrainOptions } from "./training/options.ts";

/** The tokenizers of the study, by its names. */
export const studyAlgorithms = [
  "WordPiece",
  "WordPieceBERT",
  "BPE",
  "Unigram",
  "WordLevel",
  "SentencePieceBPE",
  "SentencePieceUnigram",
] as const;

/** What the normalizer does to text. */
export interface TextSettings {
  /** The study's `force_lowercase`. */
  readonly lowercase: boolean;
  /** The study's `strip_accents`: NFD without marks; otherwise the text is in NFKC. */
  readonly stripAccents: boolean;
  /** The study's `force_english_keyboard`: everything beyond ASCII goes. */
  readonly asciiOnly: boolean;
  /** Sets ideographs apart, so that each is a word. For WordPiece, BPE and WordLevel; the others cut Chinese as they please. */
  readonly isolateIdeographs: boolean;
}

/** `english` is the study's; `cased` keeps case, accents and other scripts; `multilingual` cuts Chinese into characters too. */
export const textSettings = {
  english: { lowercase: true, stripAccents: true, asciiOnly: true, isolateIdeographs: false },
  cased: { lowercase: false, stripAccents: false, asciiOnly: false, isolateIdeographs: false },
  multilingual: { lowercase: false, stripAccents: false, asciiOnly: false, isolateIdeographs: true },
} as const satisfies Record<string, TextSettings>;

/** The special tokens as the study writes them and as BERT does; ids are in this order. */
const specialTokenNames = {
  study: { pad: "<pad>", bos: "<s>", eos: "</s>", unk: "<unk>", cls: "<cls>", sep: "<sep>", mask: "<mask>" },
  bert: { pad: "[PAD]", unk: "[UNK]", cls: "[CLS]", sep: "[SEP]", mask: "[MASK]" },
} as const;

export interface CrammingOptions {
  /** @defaultValue "WordPiece" */
  algorithm?: (typeof studyAlgorithms)[number];
  /** @defaultValue 32768 */
  vocabSize?: number;
  /** What the normalizer keeps; single switches come on top. @defaultValue "english", as in the study */
  text?: keyof typeof textSettings;
  /**
   * Turn capitals into small letters.
   *
   * @defaultValue what `text` says
   */
  lowercase?: boolean;
  /**
   * Remove accents.
   *
   * @defaultValue what `text` says
   */
  stripAccents?: boolean;
  /**
   * Remove everything beyond ASCII.
   *
   * @defaultValue what `text` says
   */
  asciiOnly?: boolean;
  /**
   * Make a word of each ideograph.
   *
   * @defaultValue what `text` says
   */
  isolateIdeographs?: boolean;
  /** The study's `whitespace_escape`: spaces become U+4E00. @defaultValue false */
  escapeSpaces?: boolean;
  /** Names of the special tokens. @defaultValue "study" */
  specialTokens?: keyof typeof specialTokenNames;
  /** Start a single text with `<cls>`. @defaultValue false */
  includeCls?: boolean;
  /** End a single text with `<sep>`. @defaultValue true */
  includeSep?: boolean;
  /** Give the second text of a pair the segment 1. @defaultValue false */
  useTypeIds?: boolean;
}

const known = {
  algorithm: true,
  vocabSize: true,
  text: true,
  lowercase: true,
  stripAccents: true,
  asciiOnly: true,
  isolateIdeographs: true,
  escapeSpaces: true,
  specialTokens: true,
  includeCls: true,
  includeSep: true,
  useTypeIds: true,
} satisfies Record<keyof CrammingOptions, true>;

/**
 * Training options of the tokenizers of "Cramming" (arXiv 2212.14034), by default its WordPiece: English in lower-case ASCII.
 * Special tokens have a fixed order there is none of in the study; `<pad>` is 0. Its byte-level BPE starts from all bytes
 * if the text may hold more than ASCII.
 */
export const crammingTokenizerOptions = (options: CrammingOptions = {}): TrainOptions => {
  const where = "crammingTokenizerOptions";
  refuseUnknown(where, options, Object.keys(known));
  const { algorithm = "WordPiece", vocabSize = 32768, text = "english", specialTokens = "study" } = options;
  checkOneOf(where, "algorithm", algorithm, studyAlgorithms);
  checkOneOf(where, "text", text, Object.keys(textSettings));
  checkOneOf(where, "specialTokens", specialTokens, Object.keys(specialTokenNames));
  const { includeCls = false, includeSep = true, useTypeIds = false, escapeSpaces = false } = options;
  const preset = textSettings[text];
  const settings: TextSettings = {
    lowercase: options.lowercase ?? preset.lowercase,
    stripAccents: options.stripAccents ?? preset.stripAccents,
    asciiOnly: options.asciiOnly ?? preset.asciiOnly,
    isolateIdeographs: options.isolateIdeographs ?? preset.isolateIdeographs,
  };
  const names = specialTokenNames[specialTokens];
  const { cls, sep } = names;
  const second = useTypeIds ? 1 : 0;
  return {
    vocabSize,
    specialTokens: Object.values(names),
    unkToken: names.unk,
    ...algorithmOptions(algorithm, settings, vocabSize),
    normalizer:
      algorithm === "WordPieceBERT" ? bertNormalizerOf(settings) : studyNormalizer(algorithm, settings, escapeSpaces),
    template: {
      single: [includeCls ? [cls] : [], "$A", includeSep ? [sep] : []].flat().join(" "),
      pair: `${cls} $A ${sep} $B:${second} ${sep}:${second}`,
    },
  };
};

const replace = (pattern: object, content: string): Component => ({ type: "Replace", pattern, content });

const bertNormalizer = (settings: Record<string, boolean>): Component => {
  const { lowercase = false, ...others } = settings;
  return {
    type: "BertNormalizer",
    clean_text: false,
    handle_chinese_chars: false,
    strip_accents: false,
    lowercase,
    ...others,
  };
};

const studyNormalizer = (
  algorithm: (typeof studyAlgorithms)[number],
  { lowercase, stripAccents, asciiOnly, isolateIdeographs }: TextSettings,
  escapeSpaces: boolean,
): Component => {
  const cutsIdeographs = ["WordPiece", "BPE", "WordLevel"].includes(algorithm);
  const steps: (Component | false)[] = [
    replace({ String: "``" }, '"'),
    replace({ String: "''" }, '"'),
    { type: stripAccents ? "NFD" : "NFKC" },
    lowercase && { type: "Lowercase" },
    stripAccents && { type: "StripAccents" },
    isolateIdeographs && cutsIdeographs && bertNormalizer({ handle_chinese_chars: true }),
    replace({ Regex: " {2,}" }, " "),
    asciiOnly && replace({ Regex: "[^\\x00-\\x7F]+" }, ""),
    escapeSpaces && replace({ Regex: " " }, "\u4e00"),
  ];
  return { type: "Sequence", normalizers: steps.filter((step) => step !== false) };
};

/** BERT's own; ASCII comes on top, which the study does not combine with it. */
const bertNormalizerOf = ({ lowercase, stripAccents, asciiOnly }: TextSettings): Component => {
  const own = bertNormalizer({
    clean_text: true,
    handle_chinese_chars: true,
    strip_accents: stripAccents,
    lowercase,
  });
  return asciiOnly ? { type: "Sequence", normalizers: [own, replace({ Regex: "[^\\x00-\\x7F]+" }, "")] } : own;
};

const algorithmOptions = (
  algorithm: (typeof studyAlgorithms)[number],
  { asciiOnly }: TextSettings,
  vocabSize: number,
): Pick<TrainOptions, "model"> & Partial<TrainOptions> => {
  // Chinese has more characters than a small vocabulary has room for: the rarest are unknown.
  const limit = asciiOnly ? {} : { limitAlphabet: Math.max(64, Math.floor(vocabSize / 4)) };
  const wordPiece = { type: "WordPiece", prefix: "##", cleanup: true };
  const metaspace = { type: "Metaspace", replacement: "\u2581", prepend_scheme: "always", split: true };
  const byteLevel = { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true };
  switch (algorithm) {
    case "WordPiece":
      return { model: "WordPiece", ...limit, preTokenizer: { type: "Whitespace" }, decoder: wordPiece };
    case "WordPieceBERT":
      return { model: "WordPiece", ...limit, preTokenizer: { type: "BertPreTokenizer" }, decoder: wordPiece };
    case "BPE":
      return {
        model: "BPE",
        minFrequency: 2,
        initialAlphabet: asciiOnly ? [] : byteCharacters(),
        preTokenizer: byteLevel,
        decoder: byteLevel,
      };
    case "Unigram":
      return { model: "Unigram", preTokenizer: { type: "Whitespace" } };
    case "WordLevel":
      return { model: "WordLevel", preTokenizer: { type: "Whitespace" } };
    case "SentencePieceBPE":
      return { model: "BPE", minFrequency: 2, ...limit, preTokenizer: metaspace, decoder: metaspace };
    case "SentencePieceUnigram":
      return { model: "Unigram", preTokenizer: metaspace, decoder: metaspace };
  }
};
