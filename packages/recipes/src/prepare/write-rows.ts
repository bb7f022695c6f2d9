import { join } from "node:path";
import type { CorpusReport } from "@cramkit/corpus";
import { type PrepareProgress, type RowOrder, writePreparedSet } from "@cramkit/packer/node";
import { coverageCounter, type TextCoverage, type Tokenizer } from "@cramkit/tokenizer";
import type { StageProgress } from "../progress.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { documentsOfSet } from "./documents-of-set.ts";
import {
  type EncodedDocument,
  type Encoder,
  type EncodingNotes,
  encodedDocuments,
  measuredDocuments,
} from "./encoded-documents.ts";
import { checkLostText } from "./lost-text.ts";
import { compressionTokenizerOf } from "./novels-tokenizer.ts";
import { configurationOf, type SetName, setNames } from "./prepared-folder.ts";
import type { Texts } from "./texts.ts";
import type { PreparationOptions } from "./texts-and-tokenizer.ts";

export interface RowsOptions extends PreparationOptions {
  readonly texts: Texts;
  readonly tokenizer: Tokenizer;
  readonly encoder: Encoder;
  /** Of the files beside the sets. */
  readonly digests: Readonly<Record<string, string>>;
  /**
   * The documents of a set from a number on, if tasks have encoded them.
   * @defaultValue all are encoded here
   */
  readonly encoded?: (set: SetName, from: number) => AsyncIterable<EncodedDocument> | undefined;
}

/** What the manifest of a set says of how it was made. */
export interface PreparedReport extends CorpusReport {
  /** SHA-256 of the files beside the sets, by their names. */
  readonly digests: Readonly<Record<string, string>>;
  /** What the tokenizer lost of the documents, dropped ones included. */
  readonly coverage: TextCoverage | null;
}

/** What is packed is safe on disk each time that so much of it has come together. */
const sortMemoryBytes = 64 << 20;

/** Encodes and packs the documents of one set. */
export const writeRows = async (set: SetName, order: RowOrder, options: RowsOptions): Promise<void> => {
  const { recipe, folder, texts, tokenizer, encoder, digests, context, stop } = options;
  const name = setNames[set];
  const cover = coverageCounter(tokenizer);
  // The tokenizer's template ends each with a separator.
  const read = (from: number) => measuredDocuments(documentsOfSet(recipe, folder, set, from), encoder, cover);
  const onEnd = (coverage: TextCoverage) => {
    if (set === "training") context.say(checkLostText(coverage, recipe));
  };
  const source = (from: number) => options.encoded?.(set, from) ?? read(from);
  const encoded = encodedDocuments(source, ownCutoff(recipe), recipe.corpus.maxTokens, onEnd);
  await writePreparedSet(
    join(folder, name),
    (from, notes) => encoded.documents(from, notes as unknown as EncodingNotes | null),
    {
      seqLength: recipe.rows.seqLength,
      vocabSize: tokenizer.idLimit,
      order,
      memoryBytes: sortMemoryBytes,
      seed: recipe.seed,
      configuration: configurationOf(recipe),
      notes: encoded.notes,
      report: (notes) => ({
        ...withCompressibility(
          (set === "lastPhase" && texts.lastPhase?.report) || texts.report,
          notes as unknown as EncodingNotes | null,
        ),
        digests,
        coverage: (notes as unknown as EncodingNotes | null)?.coverage ?? null,
      }),
      onProgress(progress) {
        stop();
        context.onProgress(packingProgress(name, progress, (texts[set] ?? texts.training).documents));
      },
    },
  );
};

/** Tokens a character from which on a document is dropped if it is measured by the run's own tokenizer; null keeps all. */
export const ownCutoff = (recipe: Recipe): number | null =>
  compressionTokenizerOf(recipe) === null ? recipe.corpus.maxTokensPerCharacter : null;

const withCompressibility = (report: CorpusReport, notes: EncodingNotes | null): CorpusReport => {
  const filters = notes?.compressibility ? [...report.filters, notes.compressibility] : report.filters;
  return { ...report, filters };
};

const packingProgress = (name: string, progress: PrepareProgress, total: number): StageProgress => {
  const { phase, documents, rows } = progress;
  return phase === "pack"
    ? { stage: `packing ${name} rows`, done: documents, total, unit: "documents", detail: `${rows} rows` }
    : { stage: `${phase === "sort" ? "sorting" : "writing"} ${name} rows`, done: rows, unit: "rows" };
};
