import { studyAlgorithms } from "@cramkit/tokenizer";
import { z } from "zod";
import { setting } from "../setting.ts";
import { path } from "./path.ts";

/** How text becomes tokens. */
export const tokenizerSchema = () => {
  const code = "Cramming, section 4.1";
  return z.strictObject({
    from: setting(
      path().nullable().default(null),
      "A tokenizer.json, or the vocab.txt of a BERT, to take as it is, with `vocabSize` entries; null to train one by the other settings.",
    ),
    add: setting(
      z.array(z.string().min(1)).max(100_000).default([]),
      "Words to add to the vocabulary, beyond `vocabSize`. With `training.from`, each embedding begins as the mean of those of the word's pieces.",
    ),
    model: setting(
      z.enum(studyAlgorithms),
      "The algorithm, by its name in the study: BPE is of bytes, SentencePiece ones mark the spaces.",
      { paper: `${code}; WordPiece as in BERT, arXiv 1810.04805; Unigram: arXiv 1804.10959; BPE: arXiv 1508.07909` },
    ),
    vocabSize: setting(
      z
        .int()
        .min(64)
        .max(1 << 20),
      "Size of the vocabulary, special tokens included, without what `add` adds.",
      { unit: "entries", paper: code },
    ),
    text: setting(
      z.enum(["english", "cased", "multilingual"]).default("english"),
      'What of the text stays: "english" as in the study (lower-case ASCII), "cased" everything as it is, "multilingual" also cuts Chinese into characters. The four switches below come on top.',
      { paper: code },
    ),
    lowercase: setting(
      z.boolean().nullable().default(null),
      "Lower case (the study's `force_lowercase`); null leaves it to `text`.",
      { paper: code },
    ),
    stripAccents: setting(
      z.boolean().nullable().default(null),
      "Accents go (the study's `strip_accents`); without it the text is in NFKC. null leaves it to `text`.",
      { paper: code },
    ),
    asciiOnly: setting(
      z.boolean().nullable().default(null),
      "Everything beyond ASCII goes (the study's `force_english_keyboard`); null leaves it to `text`.",
      { paper: code },
    ),
    isolateIdeographs: setting(
      z.boolean().nullable().default(null),
      "Each ideograph is a word (WordPiece, BPE, WordLevel); null leaves it to `text`.",
      { paper: "BERT, arXiv 1810.04805 (its multilingual code)" },
    ),
    escapeSpaces: setting(z.boolean().default(false), "Spaces become a letter (the study's `whitespace_escape`).", {
      paper: "Cramming, code",
    }),
    specialTokens: setting(
      z.enum(["study", "bert"]).default("study"),
      "Names of the special tokens: `<mask>` or `[MASK]`.",
    ),
    includeCls: setting(z.boolean().default(false), "Documents begin with `<cls>`.", { paper: code }),
    includeSep: setting(z.boolean().default(true), "Documents end with `<sep>`.", { paper: code }),
  });
};
