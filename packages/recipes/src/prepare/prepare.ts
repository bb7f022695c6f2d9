import { readFile, rm } from "node:fs/promises";
import { availableParallelism, hostname } from "node:os";
import { join } from "node:path";
import type { CorpusReport } from "@cramkit/corpus";
import { fault } from "@cramkit/errors";
import { lockFolder, makeFolder } from "@cramkit/files";
import {
  openPreparedSet,
  type PreparedSet,
  preparedSetKey,
  readManifest,
  removeFinishedPreparation,
} from "@cramkit/packer/node";
import { type Tokenizer, tokenizerFromJson } from "@cramkit/tokenizer";
import { Interrupted, type RunContext } from "../progress.ts";
import { dataSeed } from "../recipe/data-seed.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { rowOrder } from "../recipe/row-order.ts";
import { type Team, teamOf } from "../team.ts";
import { digestsBeside } from "./beside-sets.ts";
import { requireSources } from "./corpus.ts";
import { createEncoder } from "./encoded-documents.ts";
import { encodedTraining } from "./encoded-training.ts";
import { hubWaits } from "./hub-waits.ts";
import { configurationOf, preparedFolder, type SetName, setNames, setsOf } from "./prepared-folder.ts";
import { reuseOrRemove } from "./reuse.ts";
import { noteSources } from "./source-files.ts";
import { finishedTexts, type Texts, textFiles } from "./texts.ts";
import { type PreparationOptions, textsAndTokenizer } from "./texts-and-tokenizer.ts";
import { idSource, writeIdRows } from "./write-id-rows.ts";
import { type PreparedReport, type RowsOptions, writeRows } from "./write-rows.ts";

/** Data of a run, ready to train on. */
export interface Prepared {
  readonly folder: string;
  readonly tokenizer: Tokenizer;
  readonly training: PreparedSet;
  /** Rows of documents that are not in `training`. */
  readonly heldOut: PreparedSet;
  /**
   * Rows of the last phase.
   *
   * @defaultValue absent if the recipe has none
   */
  readonly lastPhase?: PreparedSet;
  /** Texts of some of those documents. */
  readonly heldOutTexts: readonly string[];
  /** What the sources of the training rows gave and what the filters took, with examples. */
  readonly report: CorpusReport;
  close(): void;
}

/**
 * Reads the corpus, trains the tokenizer, and writes training and held-out rows; what is there already is used as it
 * is, and an interrupted preparation goes on after its last finished file.
 */
export const prepare = async (asked: Recipe, dataFolder: string, context: RunContext): Promise<Prepared> => {
  const team = teamOf(context);
  await team.lead(() => prepareFolder(asked, dataFolder, context));
  const prepared = await team.together(() => openPrepared(asked, dataFolder, team));
  const { training, heldOut, lastPhase } = prepared;
  await team.agree({
    "the prepared rows": [training.manifest, heldOut.manifest, ...(lastPhase ? [lastPhase.manifest] : [])],
  });
  return prepared;
};

/** Makes what is missing. */
const prepareFolder = async (asked: Recipe, dataFolder: string, context: RunContext): Promise<void> => {
  const recipe = { ...asked, seed: dataSeed(asked) };
  const folder = preparedFolder(recipe, dataFolder);
  await makeFolder(folder);
  const options = preparationOptions(recipe, folder, context);
  await stoppable(options, async () => {
    await reuseOrRemove(await isFinished(folder, recipe), options);
    if (await isFinished(folder, recipe)) return;
    const unlock = await lockFolder(folder, { name: "run.lock" }); // two runs may share a folder, not write it at once
    try {
      if (!(await isFinished(folder, recipe))) await write(options);
    } finally {
      unlock();
    }
  });
  await removeWork(folder);
};

/** What a preparation leaves at its very end. */
export const removeWork = async (folder: string): Promise<void> => {
  for (const name of Object.values(setNames)) await removeFinishedPreparation(join(folder, name));
  await rm(join(folder, "work"), { recursive: true, force: true });
};

/** Opens what rank 0 has prepared, or the one rank. */
const openPrepared = async (asked: Recipe, dataFolder: string, { rank, size }: Team): Promise<Prepared> => {
  const recipe = { ...asked, seed: dataSeed(asked) };
  const folder = preparedFolder(recipe, dataFolder);
  if (size > 1 && !(await isFinished(folder, recipe)))
    throw fault({
      code: "not-found",
      place: folder,
      problem: `expected the rows that rank 0 has prepared there, found none on ${hostname()}, where rank ${rank} runs`,
      remedy: "name a folder that all machines share with --data",
    });
  await checkDigests(folder, recipe);
  const opened: Partial<Record<SetName, PreparedSet>> = {};
  const close = () => {
    for (const set of Object.values(opened)) set.close();
  };
  try {
    for (const set of setsOf(recipe)) opened[set] = await openSet(folder, set, recipe);
  } catch (error) {
    close();
    throw error;
  }
  const { training, heldOut, lastPhase } = opened as typeof opened & Record<"training" | "heldOut", PreparedSet>;
  return {
    folder,
    tokenizer: tokenizerFromJson(await readFile(join(folder, "tokenizer.json"), "utf8")),
    training,
    heldOut,
    ...(lastPhase && { lastPhase }),
    heldOutTexts: JSON.parse(await readFile(textFiles(folder).heldOutTexts, "utf8")) as string[],
    report: training.manifest.report as CorpusReport,
    close,
  };
};

/** Whether a folder holds all that is prepared of a recipe. */
export const isFinished = async (folder: string, recipe: Recipe): Promise<boolean> => {
  const manifests = await Promise.all(setsOf(recipe).map((set) => readManifest(join(folder, setNames[set]))));
  return manifests.every((manifest) => manifest !== undefined);
};

/** Makes what is missing in the folder, in three stages: texts, tokenizer, rows. */
const write = async (options: PreparationOptions): Promise<void> => {
  const { recipe, folder, hub } = options;
  if ((await finishedTexts(folder)) === undefined) {
    await requireSources(recipe);
    await noteSources(recipe, folder, hub);
  }
  const ids = idSource(recipe);
  if (ids !== undefined) return writeIdRows(ids, options);
  await writeSets({ ...options, ...(await textsAndTokenizer(options)) });
};

/** How a folder is prepared, with a stop where the user asks for one. */
export const preparationOptions = (recipe: Recipe, folder: string, context: RunContext): PreparationOptions => {
  const kept = `stopped while preparing; the same command goes on in ${folder}`;
  return {
    recipe,
    folder,
    threads: recipe.corpus.threads ?? availableParallelism(),
    context,
    hub: hubWaits(context),
    stop() {
      if (context.signal?.aborted) throw new Interrupted(kept);
    },
  };
};

/** Work that ends with `Interrupted` when it was asked to stop: a hub that is waited for ends with the reason of the signal. */
export const stoppable = async <T>({ stop }: Pick<PreparationOptions, "stop">, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    stop();
    throw error;
  }
};

/** Writes the rows of all sets; `encoded` gives the documents that tasks have encoded. */
export const writeSets = async (
  options: PreparationOptions & { texts: Texts; tokenizer: Tokenizer } & Pick<RowsOptions, "encoded">,
): Promise<void> => {
  const { recipe, folder, threads, texts, tokenizer, encoded } = options;
  const digests = await digestsBeside(folder);
  const training = encoded ? undefined : await encodedTraining(options);
  const { characters } = encoded || training ? texts.heldOut : texts.training;
  const encoder = createEncoder(tokenizer, threads, characters + (texts.lastPhase?.characters ?? 0));
  const ownEncoded: RowsOptions["encoded"] = (set, from) => (set === "training" ? training?.(from) : undefined);
  const shared = { ...options, encoder, digests, encoded: encoded ?? ownEncoded };
  try {
    await writeRows("training", rowOrder(recipe, tokenizer), shared);
    if (recipe.corpus.lastPhase !== null) await writeRows("lastPhase", rowOrder(recipe, tokenizer), shared);
    await writeRows("heldOut", "shuffled", shared);
  } finally {
    await encoder.dispose();
  }
};

/** The manifests know the digest of each file beside the sets. */
const checkDigests = async (folder: string, recipe: Recipe): Promise<void> => {
  const digests = await digestsBeside(folder);
  for (const set of setsOf(recipe)) {
    const name = setNames[set];
    const manifest = await readManifest(join(folder, name));
    const expected = (manifest?.report as PreparedReport | null)?.digests;
    for (const [file, digest] of Object.entries(digests)) {
      if (expected?.[file] === digest) continue;
      throw fault({
        code: "damaged-file",
        place: join(folder, file),
        problem: `expected the file with SHA-256 ${expected?.[file]} that ${name}/manifest.json was written with, got ${digest}`,
        remedy: "copy the file again, or prepare the data again with --fresh",
      });
    }
  }
};

const openSet = async (folder: string, set: SetName, recipe: Recipe): Promise<PreparedSet> => {
  const { rows } = recipe;
  const name = setNames[set];
  const opened = await openPreparedSet(join(folder, name));
  const { manifest } = opened;
  // The folder is named after the recipe's digest, but a name can be given to anything.
  const isOfRecipe = preparedSetKey(manifest.configuration) === preparedSetKey(configurationOf(recipe));
  if (!isOfRecipe || manifest.seqLength !== rows.seqLength) {
    opened.close();
    throw fault({
      code: "damaged-file",
      place: join(folder, name, "manifest.json"),
      problem: isOfRecipe
        ? `expected rows of ${rows.seqLength} tokens, as rows.seqLength has it, got ${manifest.seqLength}`
        : "expected rows of this recipe, got those of another",
      remedy: "prepare the data again with --fresh",
    });
  }
  if (opened.rowCount > 0) return opened;
  opened.close();
  const { lastPhase } = recipe.corpus;
  const more = {
    heldOut: ', raise evaluation.heldOut, set unit of its source to "line", "block" or "passage"',
    lastPhase: lastPhase?.quality ? ", loosen corpus.lastPhase.quality" : "",
    training: lastPhase?.quality && !lastPhase.sources ? ", tighten corpus.lastPhase.quality" : "",
  }[set];
  throw fault({
    code: "invalid-input",
    problem: `the ${name} documents hold ${opened.manifest.counts.droppedTokens} tokens, less than one row of ${rows.seqLength}`,
    remedy: `give more text${more} or lower rows.seqLength`,
  });
};
