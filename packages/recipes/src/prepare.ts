import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Document } from "@cramkit/corpus";
import {
  type Json,
  openPreparedSet,
  type PreparedSet,
  type PrepareProgress,
  preparedSetKey,
  type RowOrder,
  writePreparedSet,
} from "@cramkit/packer/node";
import { type Tokenizer, tokenizerFromJson, trainTokenizer } from "@cramkit/tokenizer";
import { writeFileAtomic } from "@cramkit/trainer/node";
import { openCorpus } from "./corpus.ts";
import { Interrupted, type RunContext, type StageProgress } from "./progress.ts";
import { streams, textHash, uniform } from "./random.ts";
import type { Recipe } from "./recipe.ts";
import { readJson } from "./run-record.ts";
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
  close(): void;
}

/** Enough text for the probes, little enough for memory. */
const heldOutCharacters = 4_000_000;

/** The parts of a recipe that decide what a prepared set holds. */
const configurationOf = ({ corpus, tokenizer, rows, evaluation, seed }: Recipe) => ({
  corpus,
  tokenizer,
  rows,
  heldOut: evaluation.heldOut,
  seed,
});

/** The folder of the prepared data of a recipe: the same data, the same folder. */
const preparedFolder = (recipe: Recipe, dataFolder: string): string =>
  join(dataFolder, `${recipe.name}-${preparedSetKey(configurationOf(recipe))}`);

/**
 * Reads the corpus, trains the tokenizer, and writes training and held-out rows; what is there already is used as it
 * is, and an interrupted preparation goes on behind its last finished file.
 */
export const prepare = async (recipe: Recipe, dataFolder: string, context: RunContext): Promise<Prepared> => {
  const folder = preparedFolder(recipe, dataFolder);
  const workFolder = join(folder, "work");
  const texts = join(folder, "held-out-texts.json");
  // By content, so that copies of a document land on the same side.
  const isHeldOut = (text: string) => uniform(recipe.seed, streams.heldOut, textHash(text)) < recipe.evaluation.heldOut;
  const stop = () => {
    if (context.signal?.aborted)
      throw new Interrupted(`stopped while preparing; the same command goes on in ${folder}`);
  };

  const tokenizerFile = join(folder, "tokenizer.json");
  let tokenizerJson = await readJson(tokenizerFile);
  if (tokenizerJson === undefined) {
    const first = await firstPass(recipe, openCorpus(recipe, { workFolder }), isHeldOut, context, stop);
    await mkdir(folder, { recursive: true });
    await writeFileAtomic(texts, JSON.stringify(first.heldOutTexts));
    tokenizerJson = first.tokenizer.toJSON();
    await writeFileAtomic(tokenizerFile, JSON.stringify(tokenizerJson));
  }
  const tokenizer = tokenizerFromJson(tokenizerJson as object);

  const { seqLength } = recipe.rows;
  const corpus = openCorpus(recipe, { tokenizer, workFolder });
  const write = async (name: string, wanted: (text: string) => boolean, order: RowOrder) => {
    const { rowCount, counts } = await writePreparedSet(join(folder, name), encoded(corpus, tokenizer, wanted, stop), {
      seqLength,
      vocabSize: tokenizer.vocabSize,
      order,
      seed: recipe.seed,
      configuration: configurationOf(recipe),
      report: () => corpus.report() as unknown as Json,
      onProgress: (progress) => context.onProgress(packingProgress(name, progress)),
    });
    if (rowCount > 0) return openPreparedSet(join(folder, name));
    const more = name === "held-out" ? ", raise evaluation.heldOut" : "";
    throw new Error(
      `the ${name} documents hold ${counts.droppedTokens} tokens, less than one row of ${seqLength}; give more text${more} or lower rows.seqLength`,
    );
  };
  const training = await write("training", (text) => !isHeldOut(text), rowOrder(recipe, tokenizer));
  const heldOut = await write("held-out", isHeldOut, "shuffled");
  return {
    folder,
    tokenizer,
    training,
    heldOut,
    heldOutTexts: JSON.parse(await readFile(texts, "utf8")) as string[],
    close() {
      training.close();
      heldOut.close();
    },
  };
};

/** Reads the corpus once: the tokenizer is trained on the training documents, the held-out texts are kept. */
const firstPass = async (
  recipe: Recipe,
  corpus: AsyncIterable<Document>,
  isHeldOut: (text: string) => boolean,
  { onProgress }: RunContext,
  stop: () => void,
) => {
  const heldOutTexts: string[] = [];
  let [kept, documents] = [0, 0];
  const trainingTexts = async function* () {
    for await (const { text } of corpus) {
      stop();
      documents++;
      if (!isHeldOut(text)) yield text;
      else if ((kept += text.length) <= heldOutCharacters) heldOutTexts.push(text);
    }
    if (documents > 0) return;
    const sources = JSON.stringify(recipe.corpus.sources);
    throw new Error(`the corpus is empty: no document of ${sources} passed the filters; check corpus in the recipe`);
  };
  const tokenizer = await trainTokenizer(trainingTexts(), {
    ...trainingOptions(recipe.tokenizer),
    onProgress: ({ phase, documents, characters, fraction }) =>
      onProgress(
        phase === "count"
          ? { stage: "reading", done: documents, unit: "documents", detail: `${(characters / 1e6).toFixed(1)} MB` }
          : { stage: "training the tokenizer", done: fraction, total: 1, unit: "%" },
      ),
  });
  return { tokenizer, heldOutTexts };
};

async function* encoded(
  corpus: AsyncIterable<Document>,
  tokenizer: Tokenizer,
  wanted: (text: string) => boolean,
  stop: () => void,
) {
  for await (const { text } of corpus) {
    stop();
    if (wanted(text)) yield tokenizer.encodeIds(text); // its template ends it with a separator
  }
}

const packingProgress = (name: string, { phase, documents, rows }: PrepareProgress): StageProgress =>
  phase === "pack"
    ? { stage: `packing ${name} rows`, done: documents, unit: "documents", detail: `${rows} rows` }
    : { stage: `${phase === "sort" ? "sorting" : "writing"} ${name} rows`, done: rows, unit: "rows" };

const rowOrder = ({ rows: { order } }: Recipe, tokenizer: Tokenizer): RowOrder => {
  switch (order) {
    case "as-is":
    case "shuffled":
      return order;
    case "full-stops":
      return { by: "token-count", tokenId: tokenizer.encode(".", { addSpecialTokens: false }).ids[0]! };
    case "separators":
      return { by: "token-count", tokenId: tokenizer.tokenToId("<sep>")! };
    case "unigram":
      return { by: "unigram", direction: "descending" };
    case "reverse-unigram":
      return { by: "unigram", direction: "ascending" };
    case "word-length":
      return {
        by: "length",
        tokenLengths: Array.from({ length: tokenizer.vocabSize }, (_, id) => tokenizer.decode([id]).length),
      };
  }
};
