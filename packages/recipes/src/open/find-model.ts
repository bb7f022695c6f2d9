import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { checkOptions, fault, hasCode } from "@cramkit/errors";
import { hashFile } from "@cramkit/files";
import { type ListedCheckpoint, listCheckpoints } from "@cramkit/trainer/node";
import { modelDigest } from "../model/saved-model.ts";
import { readJson, runFiles } from "../run-record.ts";

/** Which checkpoint of a run: the newest, the one with the lowest held-out loss, or that of a microbatch. */
export type CheckpointChoice = "latest" | "best" | number;

/** Where a model lies: a model folder, or a checkpoint of a run. */
export interface ModelPlace {
  readonly kind: "model" | "checkpoint";
  readonly folder: string;
  /**
   * The run that it is of.
   * @defaultValue a model of its own
   */
  readonly run?: string;
}

export interface FindModelOptions {
  /**
   * The checkpoint of a run to take.
   * @defaultValue the model that the run left
   */
  readonly checkpoint?: CheckpointChoice;
}

/**
 * The one reading of what a user calls a model: the folder of a run, one of its checkpoints, the folder of a finetuning, or
 * a model folder, of Cramkit or of a Hugging Face BERT.
 *
 * @throws a fault `not-found` that says what is there instead
 */
export const findModel = async (named: string, options: FindModelOptions = {}): Promise<ModelPlace> => {
  checkOptions("findModel", options, { checkpoint: true });
  const { checkpoint } = options;
  const path = plain(named);
  const files = runFiles(path);
  if (await isRun(path)) {
    if (checkpoint !== undefined) return { kind: "checkpoint", folder: await chosen(path, checkpoint), run: path };
    if (await isThere(join(files.model, "model_config.json"))) return { kind: "model", folder: files.model, run: path };
    const [newest] = await listCheckpoints(files.checkpoints);
    throw fault({
      code: "not-found",
      place: path,
      problem: "expected the model of a run that is trained, found none yet",
      remedy: `\`cramkit resume ${path}\` finishes it${newest ? `; as it is, it is in ${newest.folder}` : ""}`,
    });
  }
  if (checkpoint !== undefined)
    throw fault({
      code: "invalid-argument",
      place: path,
      problem: `expected a run, of which to take checkpoint ${checkpoint}, got a folder without a recipe.json`,
      remedy: "name the folder of the run, or leave the checkpoint out",
      type: RangeError,
    });
  if (await isThere(join(path, "checkpoint.json"))) {
    const run = dirname(dirname(path));
    if (await isRun(run)) return { kind: "checkpoint", folder: path, run };
    throw fault({
      code: "not-found",
      place: path,
      problem: "expected a checkpoint in the folder of its run, whose recipe says what model it is",
      remedy: "name it where its run keeps it: RUN/checkpoints/microbatch-N",
    });
  }
  const [here, inside] = await Promise.all([path, files.model].map((at) => isThere(join(at, "model_config.json"))));
  if (!here && inside) return { kind: "model", folder: files.model };
  const run = await runOf(path);
  return { kind: "model", folder: path, ...(run !== path && { run }) };
};

/** The run of a folder: of a checkpoint and of the model in it the one around it, else the folder itself. */
export const runOf = async (named: string): Promise<string> => {
  const path = plain(named);
  for (const around of [dirname(path), dirname(dirname(path))]) {
    const { model, checkpoints } = runFiles(around);
    const isInside = path === model || dirname(path) === checkpoints;
    if (isInside && !(await isRun(path)) && (await isRun(around))) return around;
  }
  return path;
};

/** A path without a slash at its end, and without dots in it. */
const plain = (path: string): string => join(path, ".").replace(/(?<=.)[\\/]$/, "");

const isThere = async (file: string): Promise<boolean> => (await readJson(file)) !== undefined;

const isRun = (folder: string): Promise<boolean> => isThere(runFiles(folder).recipe);

const chosen = async (run: string, choice: CheckpointChoice): Promise<string> => {
  const { checkpoints } = runFiles(run);
  const all = await listCheckpoints(checkpoints);
  const pick = (): ListedCheckpoint | undefined => {
    if (choice === "latest") return all[0];
    if (choice !== "best") return all.find(({ microbatch }) => microbatch === choice);
    const unread = all.find(({ error }) => error !== undefined);
    if (unread && hasCode(unread.error, "version-mismatch")) throw unread.error;
    if (unread)
      throw fault({
        code: "damaged-file",
        place: join(unread.folder, "checkpoint.json"),
        problem:
          "expected the score of a checkpoint, got a file that was damaged, so nobody knows which one is the best",
        remedy: "restore it, remove the folder around it, or take a checkpoint by the number of its microbatch",
      });
    const scored = all.filter(({ score }) => score !== null);
    return scored.sort((a, b) => a.score! - b.score!)[0];
  };
  const found = pick();
  if (found) return found.folder;
  const kept = all.map(({ microbatch, score }) => (score === null ? `${microbatch}` : `${microbatch} (measured)`));
  throw fault({
    code: "not-found",
    place: checkpoints,
    problem: `expected ${choice === "best" ? "a checkpoint whose held-out loss was measured" : `checkpoint ${choice}`}, got ${kept.length > 0 ? `those of microbatches ${kept.join(", ")}` : "none"}`,
    remedy: kept.length > 0 ? "take one of these, or `latest`" : `\`cramkit resume ${run}\` trains it, and leaves some`,
  });
};

/** The checkpoint that an option names: `latest`, `best`, or the number of a microbatch. */
export const checkpointChoice = (text: string): CheckpointChoice | undefined => {
  if (text === "latest" || text === "best") return text;
  return /^\d{1,10}$/.test(text) ? Number(text) : undefined;
};

/** What of a folder makes a model. */
const modelFile = /\.safetensors$|^(model_config|config|tokenizer|tokenizer_config|checkpoint)\.json$|^vocab\.txt$/;

/** SHA-256 over the files of a model, wherever it lies; of a folder that is gone, undefined. */
export const placeDigest = async ({ kind, folder }: ModelPlace): Promise<string | undefined> => {
  const own = kind === "model" ? await modelDigest(folder) : undefined;
  if (own !== undefined) return own;
  const names = (await readdir(folder).catch(() => [])).filter((name) => modelFile.test(name)).sort();
  if (names.length === 0) return undefined;
  const hash = createHash("sha256");
  for (const name of names) {
    hash.update(`${name}\n`);
    await hashFile(hash, join(folder, name));
  }
  return hash.digest("hex");
};
