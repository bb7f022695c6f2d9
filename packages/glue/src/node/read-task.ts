import { access, stat } from "node:fs/promises";
import { join } from "node:path";
import { checkOptions, type Fault, fault } from "@cramkit/errors";
import { type GlueName, type GlueTask, glueNames, glueTasks, type SplitLayout } from "../tasks/glue-tasks.ts";
import type { ExampleSet, TaskData } from "../tasks/task.ts";
import { parquetShards, readParquet } from "./read-parquet.ts";
import { type ReadSet, readTsv } from "./read-tsv.ts";

export interface ReadOptions {
  /**
   * Also read those test sets that are there.
   * @defaultValue `false`
   */
  tests?: boolean;
}

/**
 * Reads a task of GLUE from a folder with the official download (`CoLA/train.tsv`, ...) or with the Parquet files of
 * `hf://datasets/nyu-mll/glue` (`cola/train-00000-of-00001.parquet`, ...).
 */
export const readGlue = async (folder: string, name: GlueName, options: ReadOptions = {}): Promise<TaskData> => {
  checkOptions("readGlue", options, { tests: true });
  const { tests = false } = options;
  const glue = glueTasks[name];
  if (!Object.hasOwn(glueTasks, name))
    throw fault({
      code: "invalid-argument",
      place: "readGlue",
      problem: `expected one of ${glueNames.join(", ")}, got ${name}`,
      type: RangeError,
    });
  if (!(await isFolder(folder)))
    throw fault({
      code: "not-found",
      place: "readGlue",
      problem: `expected a folder with GLUE, got ${folder}`,
      remedy: "pass the folder that has CoLA, SST-2, ... in it",
    });
  const notes: string[] = [];
  const required = async (split: SplitLayout): Promise<ExampleSet> => {
    const set = await readSet(folder, glue, split);
    if (!set) throw missing(folder, split);
    notes.push(...set.notes);
    return { name: split.name, column: split.column, examples: set.examples, officialRows: split.rows };
  };
  const train = await required(glue.train);
  const evaluations: ExampleSet[] = [];
  for (const split of glue.evaluations) evaluations.push(await required(split));
  const found: ExampleSet[] = [];
  for (const split of tests ? glue.tests : []) {
    // Other sources give labels to some of the test sets; they are not for scoring.
    if (await isThere(folder, split)) {
      const set = await required(split);
      found.push({ ...set, examples: set.examples.map(({ label: _, ...example }) => example) });
    }
  }
  return {
    task: glue.task,
    train: train.examples,
    officialTrainRows: train.officialRows,
    evaluations,
    ...(found.length > 0 ? { tests: found } : {}),
    ...(notes.length > 0 ? { notes } : {}),
  };
};

/** The tasks of which a folder has all training and dev files, in the usual order. */
export const glueTasksIn = async (folder: string): Promise<GlueName[]> => {
  const found: GlueName[] = [];
  for (const name of glueNames) {
    const { train, evaluations } = glueTasks[name];
    const there = await Promise.all([train, ...evaluations].map((split) => isThere(folder, split)));
    if (there.every(Boolean)) found.push(name);
  }
  return found;
};

const readSet = async (folder: string, glue: GlueTask, split: SplitLayout): Promise<ReadSet | undefined> => {
  const file = join(folder, split.tsv.path);
  const shards = await parquetShards(folder, split);
  if (shards.length === 0 && !(await exists(file))) return undefined;
  const set = shards.length > 0 ? await readParquet(shards, glue) : await readTsv(file, glue, split);
  if (set.examples.length > split.rows)
    throw fault({
      code: "invalid-input",
      place: shards[0] ?? file,
      problem: `expected at most the ${split.rows} rows of ${glue.task.title} ${split.name}, got ${set.examples.length}`,
      remedy: `put the folder of ${glue.task.title} there`,
    });
  return set;
};

const isThere = async (folder: string, split: SplitLayout): Promise<boolean> =>
  (await exists(join(folder, split.tsv.path))) || (await parquetShards(folder, split)).length > 0;

const missing = (folder: string, { tsv, hub }: SplitLayout): Fault =>
  fault({
    code: "not-found",
    place: join(folder, tsv.path),
    problem: `expected this file, or ${join(folder, hub.folder, `${hub.split}-00000-of-00001.parquet`)}, got neither`,
    remedy: "download GLUE (cramkit glue download, or downloadGlue) or pass another folder",
  });

const exists = async (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

const isFolder = async (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
