import { readFile, rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { CorpusReport } from "@cramkit/corpus";
import { lockFolder, makeFolder } from "@cramkit/files";
import { openPreparedSet, type PreparedSet, readManifest, removeFinishedPreparation } from "@cramkit/packer/node";
import { type Tokenizer, tokenizerFromJson } from "@cramkit/tokenizer";
import { Interrupted, type RunContext } from "../progress.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { rowOrder } from "../recipe/row-order.ts";
import { createEncoder } from "./encoded-documents.ts";
import { preparedFolder, type SetName, setNames } from "./prepared-folder.ts";
import { textFiles } from "./texts.ts";
import { type PreparationOptions, textsAndTokenizer } from "./texts-and-tokenizer.ts";
import { writeRows } from "./write-rows.ts";

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

/**
 * Reads the corpus, trains the tokenizer, and writes training and held-out rows; what is there already is used as it
 * is, and an interrupted preparation goes on behind its last finished file.
 */
export const prepare = async (recipe: Recipe, dataFolder: string, context: RunContext): Promise<Prepared> => {
  const folder = preparedFolder(recipe, dataFolder);
  await makeFolder(folder);
  if (!(await isFinished(folder))) {
    const unlock = await lockFolder(folder, { name: "run.lock" }); // two runs may share a folder, not write it at once
    try {
      if (!(await isFinished(folder))) await write(recipe, folder, context);
    } finally {
      unlock();
    }
  }
  // What a preparation leaves that was killed at its very end.
  for (const name of Object.values(setNames)) await removeFinishedPreparation(join(folder, name));
  await rm(join(folder, "work"), { recursive: true, force: true });

  const training = await openSet(folder, "training", recipe);
  const heldOut = await openSet(folder, "heldOut", recipe).catch((error) => {
    training.close();
    throw error;
  });
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

/** Makes what is missing in the folder, in three stages: texts, tokenizer, rows. */
const write = async (recipe: Recipe, folder: string, context: RunContext): Promise<void> => {
  const workers = recipe.corpus.workers ?? availableParallelism();
  const stop = () => {
    if (context.signal?.aborted)
      throw new Interrupted(`stopped while preparing; the same command goes on in ${folder}`);
  };
  const options: PreparationOptions = { recipe, folder, workers, context, stop };
  const { texts, tokenizer } = await textsAndTokenizer(options);
  const encoder = createEncoder(tokenizer, workers, texts.training.characters);
  try {
    await writeRows("training", rowOrder(recipe, tokenizer), { ...options, texts, tokenizer, encoder });
    await writeRows("heldOut", "shuffled", { ...options, texts, tokenizer, encoder });
  } finally {
    await encoder.dispose();
  }
};

const openSet = async (folder: string, set: SetName, { rows }: Recipe): Promise<PreparedSet> => {
  const name = setNames[set];
  const opened = await openPreparedSet(join(folder, name));
  if (opened.rowCount > 0) return opened;
  opened.close();
  const more = set === "heldOut" ? ", raise evaluation.heldOut" : "";
  throw new Error(
    `the ${name} documents hold ${opened.manifest.counts.droppedTokens} tokens, less than one row of ${rows.seqLength}; give more text${more} or lower rows.seqLength`,
  );
};
