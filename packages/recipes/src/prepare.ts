import { mkdir, readFile, rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { type CorpusReport, readDocuments } from "@cramkit/corpus";
import {
  type Json,
  openPreparedSet,
  type PreparedSet,
  type PrepareProgress,
  preparedSetKey,
  type RowOrder,
  readManifest,
  writePreparedSet,
} from "@cramkit/packer/node";
import { type Tokenizer, tokenizerFromJson, trainTokenizer } from "@cramkit/tokenizer";
import { countWordsInThreads } from "@cramkit/tokenizer/node";
import { lockRun, writeFileAtomic } from "@cramkit/trainer/node";
import { createEncoder, type Encoder, type EncodingNotes, encodedDocuments } from "./encoded-documents.ts";
import { Interrupted, type RunContext, type StageProgress } from "./progress.ts";
import type { Recipe } from "./recipe.ts";
import { rowOrder } from "./row-order.ts";
import { readJson } from "./run-record.ts";
import { finishedTexts, readTexts, type Texts, textFiles } from "./texts.ts";
import { trainingOptions } from "./tokenizer-options.ts";

/** Data of a run, ready to train on. */
export interface Prepared {
  readonly folder: string;
  readonly tokenizer: Tokenizer;
  readonly training: PreparedSet;
  /** Rows of documents that are not in `training`. */
  readonly heldOut: PreparedSet;
  /** Texts of some of those documents. */
  readonly heldOutTexts: readonly string[];
  /** What the sources of the training rows gave and what the filters took, with examples. */
  readonly report: CorpusReport;
  close(): void;
}

/** The parts of a recipe that decide what a prepared set holds. */
const configurationOf = ({ corpus, tokenizer, rows, evaluation, seed }: Recipe) => {
  const { workers: _, ...text } = corpus;
  return { corpus: text, tokenizer, rows, heldOut: evaluation.heldOut, seed };
};

/** The folder of the prepared data of a recipe: the same data, the same folder. */
const preparedFolder = (recipe: Recipe, dataFolder: string): string =>
  join(dataFolder, `${recipe.name}-${preparedSetKey(configurationOf(recipe))}`);

/** What is packed is safe on disk each time that so much of it has come together. */
const sortMemoryBytes = 64 << 20;

const setNames = { training: "training", heldOut: "held-out" } as const;

/**
 * Reads the corpus, trains the tokenizer, and writes training and held-out rows; what is there already is used as it
 * is, and an interrupted preparation goes on behind its last finished file.
 */
export const prepare = async (recipe: Recipe, dataFolder: string, context: RunContext): Promise<Prepared> => {
  const folder = preparedFolder(recipe, dataFolder);
  await mkdir(folder, { recursive: true });
  if (!(await isFinished(folder))) {
    const unlock = await lockRun(folder); // two runs may share a folder, not write it at once
    try {
      if (!(await isFinished(folder))) await write(recipe, folder, context);
    } finally {
      unlock();
    }
  }
  // Also what a preparation leaves that was stopped at its very end.
  await rm(join(folder, "work"), { recursive: true, force: true });

  const training = await openSet(folder, "training", recipe);
  const heldOut = await openSet(folder, "heldOut", recipe);
  return {
    folder,
    tokenizer: tokenizerFromJson(await readFile(join(folder, "tokenizer.json"), "utf8")),
    training,
    heldOut,
    heldOutTexts: JSON.parse(await readFile(textFiles(folder).heldOutTexts, "utf8")) as string[],
    report: training.manifest.report as CorpusReport,
    close() {
      training.close();
      heldOut.close();
    },
  };
};

const isFinished = async (folder: string): Promise<boolean> => {
  const manifests = await Promise.all(Object.values(setNames).map((name) => readManifest(join(folder, name))));
  return manifests.every((manifest) => manifest !== undefined);
};

const openSet = async (folder: string, set: keyof typeof setNames, { rows }: Recipe): Promise<PreparedSet> => {
  const name = setNames[set];
  const opened = await openPreparedSet(join(folder, name));
  if (opened.rowCount > 0) return opened;
  opened.close();
  const more = set === "heldOut" ? ", raise evaluation.heldOut" : "";
  throw new Error(
    `the ${name} documents hold ${opened.manifest.counts.droppedTokens} tokens, less than one row of ${rows.seqLength}; give more text${more} or lower rows.seqLength`,
  );
};

/** Makes what is missing in the folder, in three stages: texts, tokenizer, rows. */
const write = async (recipe: Recipe, folder: string, context: RunContext): Promise<void> => {
  const workers = recipe.corpus.workers ?? availableParallelism();
  const stop = () => {
    if (context.signal?.aborted)
      throw new Interrupted(`stopped while preparing; the same command goes on in ${folder}`);
  };
  const { texts, tokenizer } = await textsAndTokenizer(recipe, folder, workers, context, stop);
  const encoder = createEncoder(tokenizer, workers, texts.training.characters);
  const order = rowOrder(recipe, tokenizer);
  try {
    await writeRows("training", order, { recipe, folder, texts, tokenizer, encoder, context, stop });
    await writeRows("heldOut", "shuffled", { recipe, folder, texts, tokenizer, encoder, context, stop });
  } finally {
    await encoder.dispose();
  }
};

/** Reads the corpus and trains the tokenizer on its training documents as they come by, where either is missing. */
const textsAndTokenizer = async (
  recipe: Recipe,
  folder: string,
  workers: number,
  { onProgress }: RunContext,
  stop: () => void,
): Promise<{ texts: Texts; tokenizer: Tokenizer }> => {
  const tokenizerFile = join(folder, "tokenizer.json");
  const tokenizerJson = await readJson(tokenizerFile);
  let texts = await finishedTexts(folder);
  let [documents, characters] = [0, 0];
  const onRead = (stage: string, read = 0) => {
    stop();
    if (stage === "reading") documents++;
    characters += read;
    onProgress({ stage, done: documents, unit: "documents", detail: `${(characters / 1e6).toFixed(1)} MB` });
  };
  async function* trainingTexts(): AsyncGenerator<string> {
    if (texts) {
      for await (const { text } of readDocuments(textFiles(folder).training)) {
        onRead("reading", text.length);
        yield text;
      }
      return;
    }
    const reading = readTexts(recipe, folder, onRead);
    try {
      for (let step = await reading.next(); ; step = await reading.next()) {
        if (step.done) {
          texts = step.value;
          return;
        }
        yield step.value;
      }
    } finally {
      await reading.return(undefined as never);
    }
  }
  if (tokenizerJson !== undefined) {
    if (!texts) for await (const _ of trainingTexts());
    return { texts: texts!, tokenizer: tokenizerFromJson(tokenizerJson as object) };
  }
  const tokenizer = await trainTokenizer(trainingTexts(), {
    ...trainingOptions(recipe.tokenizer),
    countWords: workers > 0 ? countWordsInThreads({ threads: workers }) : undefined,
    onProgress({ phase, fraction }) {
      if (phase === "train") onProgress({ stage: "training the tokenizer", done: fraction, total: 1, unit: "%" });
    },
  });
  await writeFileAtomic(tokenizerFile, JSON.stringify(tokenizer));
  return { texts: texts!, tokenizer };
};

interface RowsSpec {
  readonly recipe: Recipe;
  readonly folder: string;
  readonly texts: Texts;
  readonly tokenizer: Tokenizer;
  readonly encoder: Encoder;
  readonly context: RunContext;
  readonly stop: () => void;
}

/** Encodes and packs the documents of one set. */
const writeRows = async (
  set: keyof typeof setNames,
  order: RowOrder,
  { recipe, folder, texts, tokenizer, encoder, context, stop }: RowsSpec,
): Promise<void> => {
  const name = setNames[set];
  const { seqLength } = recipe.rows;
  const { maxTokensPerCharacter, compressionTokenizer } = recipe.corpus;
  const cutoff = compressionTokenizer === null ? maxTokensPerCharacter : null;
  const read = (from: number) => readDocuments(textFiles(folder)[set], { from });
  const encoded = encodedDocuments(read, encoder, cutoff); // the tokenizer's template ends each with a separator
  await writePreparedSet(
    join(folder, name),
    (from, notes) => encoded.documents(from, notes as unknown as EncodingNotes | null),
    {
      seqLength,
      vocabSize: tokenizer.vocabSize,
      order,
      memoryBytes: sortMemoryBytes,
      seed: recipe.seed,
      configuration: configurationOf(recipe),
      notes: encoded.notes,
      report: (notes) => withCompressibility(texts.report, notes as unknown as EncodingNotes | null),
      onProgress(progress) {
        stop();
        context.onProgress(packingProgress(name, progress, texts[set].documents));
      },
    },
  );
};

const withCompressibility = (report: CorpusReport, notes: EncodingNotes | null): Json => {
  const filters = notes?.compressibility ? [...report.filters, notes.compressibility] : report.filters;
  return { ...report, filters } as unknown as Json;
};

const packingProgress = (name: string, progress: PrepareProgress, total: number): StageProgress => {
  const { phase, documents, rows } = progress;
  return phase === "pack"
    ? { stage: `packing ${name} rows`, done: documents, total, unit: "documents", detail: `${rows} rows` }
    : { stage: `${phase === "sort" ? "sorting" : "writing"} ${name} rows`, done: rows, unit: "rows" };
};
