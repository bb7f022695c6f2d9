import { z } from "zod";
import { numbers, setting } from "../setting.ts";
import { path } from "./path.ts";
import { qualitySchema } from "./quality-schema.ts";
import { sourceSchema } from "./source-schema.ts";

/** Which text a recipe trains on, and what is taken out of it. */
export const corpusSchema = () => {
  const { share, positive, count, upTo } = numbers();
  const source = sourceSchema();
  return z.strictObject({
    sources: setting(z.array(source).min(1), "Where the text comes from."),
    whenSourceEnds: setting(
      z.enum(["continue", "stop", "repeat"]).default("continue"),
      "What happens when the first of several sources ends: the others go on, all stop, or it begins again.",
    ),
    maxDocuments: setting(count.nullable(), "Documents to read at most; null reads all.", {
      unit: "documents",
      paper: "Cramming, section 4.4",
    }),
    shuffle: setting(z.boolean(), "Whether documents are drawn in a seeded order, or as they come."),
    seed: setting(
      z.int().min(0).nullable().default(null),
      "Decides the order of documents, which are held out, and the masks and probes of the evaluation: runs of several `seed`s with one of these share their data. null: `seed`.",
    ),
    cleaning: setting(
      z.enum(["none", "basic", "reference"]).default("none"),
      'How text is cleaned. "basic": Unicode form, controls, spaces; "reference": the steps that the study\'s tokenizer includes.',
    ),
    minCharacters: setting(z.int().min(0), "Drops shorter documents.", { unit: "characters" }),
    maxCharacters: setting(count.nullable().default(null), "Drops longer documents; null keeps all.", {
      unit: "characters",
    }),
    joinSuccessive: setting(count.default(1), "So many successive documents of a source become one.", {
      unit: "documents",
      paper: "Cramming, code: concatenation of successive entries",
    }),
    maxTokens: setting(count.nullable().default(null), "What is kept of a document; null keeps all of it.", {
      unit: "tokens",
    }),
    maxTokensPerCharacter: setting(
      positive.nullable(),
      "Drops documents that compress badly: those of at least so many tokens a character. null keeps all.",
      { unit: "tokens a character", paper: "Cramming, section 4.4" },
    ),
    compressionTokenizer: setting(
      path().nullable().default(null),
      "The tokenizer.json that measures compressibility; \"novels\" for one that is trained on @cramkit/novels and is the same in every run (for English; other text is measured by the run's own); null for the run's own tokenizer.",
      { paper: "Cramming, section 4.4 (ALBERT's tokenizer there)" },
    ),
    quality: setting(
      qualitySchema().nullable().default(null),
      "Drops documents that are not running prose, by rules on words and lines that need no model; null keeps all.",
      { paper: "Gopher, arXiv 2112.11446, A.1.1; FineWeb, arXiv 2406.17557" },
    ),
    lastPhase: setting(
      z
        .strictObject({
          from: setting(share.gt(0).lt(1).default(0.8), "Where it begins.", { unit: "share of the horizon" }),
          sources: setting(
            z.array(source).min(1).nullable().default(null),
            "Text of its own, cleaned and filtered as the rest, without documents that are held out; null: those documents of `corpus.sources` that pass `quality`, which are kept for it.",
            { like: "corpus.sources" },
          ),
          quality: setting(
            qualitySchema().nullable().default(null),
            "Keeps running prose alone, as `corpus.quality`; null keeps all of `sources`.",
            { like: "corpus.quality" },
          ),
        })
        .nullable()
        .default(null),
      "The last part of the run trains on other documents than the rest, the best there are. Tokenizer and held-out documents are those of `corpus.sources`. null: the same text throughout.",
      { paper: "Hu et al., arXiv 2404.06395 (MiniCPM), section 5; ModernBERT, arXiv 2412.13663" },
    ),
    exactDuplicates: setting(z.boolean(), "Whether documents that came before, to the letter, are dropped."),
    duplicateBytes: setting(
      z
        .int()
        .min(8)
        .max(1 << 20)
        .nullable(),
      "Removes repeated substrings of at least this length; null leaves them.",
      { unit: "bytes", paper: "Lee et al., arXiv 2107.06499 (75 in Cramming, section 4.4)" },
    ),
    duplicateCopies: setting(
      z.enum(["first", "none"]).default("first"),
      "What stays of a repeated substring: its first copy, or none, as with the study's tool.",
      { paper: "Lee et al., arXiv 2107.06499" },
    ),
    nearDuplicates: setting(
      z
        .strictObject({
          words: setting(upTo(1000).default(5), "Words in a row that documents are compared by.", { unit: "words" }),
          bands: setting(
            upTo(1000).default(14),
            "Parts of a signature; documents that agree in one are near-duplicates.",
            { unit: "bands" },
          ),
          rows: setting(upTo(1000).default(8), "Hashes of a band.", { unit: "hashes" }),
        })
        .nullable()
        .default(null),
      "Drops documents that are nearly the same as an earlier one, by MinHash; null keeps all.",
      { paper: "Broder 1997; the values of FineWeb, arXiv 2406.17557" },
    ),
    decontamination: setting(
      z
        .strictObject({
          sources: setting(z.array(source).min(1), "The texts of the evaluation.", { like: "corpus.sources" }),
          words: setting(upTo(1000).default(13), "Words in a row that give a document away.", {
            unit: "words",
            paper: "Brown et al., arXiv 2005.14165",
          }),
        })
        .nullable()
        .default(null),
      "Drops documents that share a run of words with texts of an evaluation; null keeps all.",
      { paper: "Brown et al., arXiv 2005.14165" },
    ),
    maxBadShare: setting(
      share.default(0.001),
      "How much of a source may be broken: such records are skipped and counted; beyond it the run stops.",
      { unit: "share of the records" },
    ),
    onBrokenFile: setting(
      z.enum(["stop", "skip"]).default("stop"),
      "What a file that is damaged as a whole does: stops the run, or is kept as far as it was read.",
    ),
    threads: setting(
      z.int().min(0).max(256).nullable().default(null),
      "Threads that tokenize, beside the one that reads; null for all cores. The data is the same for any number.",
      { unit: "threads" },
    ),
  });
};
