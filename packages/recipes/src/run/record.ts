import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type Difference, differences } from "../recipe/difference.ts";
import type { Recipe } from "../recipe/recipe.ts";
import {
  type RunData,
  type RunOrigin,
  readJson,
  readRecord,
  runFiles,
  runFormat,
  writeJson,
  writeRecord,
} from "../run-record.ts";

/** What changes in a run that has begun, as it is told and kept; empty if nothing does. */
export const changesOf = (begun: Recipe, recipe: Recipe): Difference[] => differences(begun, recipe);

export interface RecordOptions {
  readonly folder: string;
  readonly dataFolder: string;
  readonly changes: readonly Difference[];
  /**
   * What it went on from.
   * @defaultValue as the record has it
   */
  readonly origin?: RunOrigin;
}

/** Makes what writes a run's record: its format, its data, its recipe and what changed on the way, from where on. */
export const createRecord = async (
  recipe: Recipe,
  { folder, dataFolder, changes, origin }: RecordOptions,
): Promise<() => Promise<void>> => {
  const files = runFiles(folder);
  const before = await readRecord<RunData>(files.data);
  const kept = before?.changes ?? [];
  const from = origin ?? before?.origin;
  const now = { at: new Date().toISOString(), ...(await trainedSoFar(folder)), changes };
  const data: RunData = {
    format: runFormat,
    folder: resolve(dataFolder),
    recipe,
    changes: changes.length > 0 ? [...kept, now] : kept,
    ...(from && { origin: from }),
  };
  return async () => {
    await writeRecord(files.data, data); // first: a recipe that is one change behind it is known, see readRun
    await writeJson(files.recipe, recipe);
  };
};

/** Where the newest checkpoint stands. */
const trainedSoFar = async (folder: string): Promise<{ step: number; microbatch: number }> => {
  const { checkpoints } = runFiles(folder);
  const names = await readdir(checkpoints).catch(() => []);
  const newest = names
    .filter((name) => /^microbatch-\d+$/.test(name))
    .sort()
    .at(-1);
  const state = newest && (await readJson(join(checkpoints, newest, "state.json")).catch(() => undefined));
  const { step = 0, microbatch = 0 } = (state as { progress?: { step: number; microbatch: number } })?.progress ?? {};
  return { step, microbatch };
};
