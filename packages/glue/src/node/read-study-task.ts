import { stat } from "node:fs/promises";
import { join } from "node:path";
import { fault } from "@cramkit/errors";
import {
  exampleOf,
  type RecordSet,
  type StudyTask,
  type StudyTaskName,
  studyTaskNames,
  studyTasks,
} from "../tasks/study-tasks.ts";
import type { Example, TaskData } from "../tasks/task.ts";
import { parquetShards } from "./read-parquet.ts";
import { officialRecords, parquetRecords } from "./read-records.ts";

/**
 * Reads a task of SuperGLUE, RACE or SWAG from a folder with the official files (`BoolQ/train.jsonl`, `RACE/train/high/1.txt`,
 * `SWAG/train.csv`, ...) or with the Parquet files of the hub (`boolq/train-00000-of-00001.parquet`, RACE's `all`, SWAG's
 * `regular`). Made after the published formats, and tried on small files of these forms only.
 */
export const readStudyTask = async (folder: string, name: StudyTaskName): Promise<TaskData> => {
  if (!Object.hasOwn(studyTasks, name))
    throw fault({
      code: "invalid-argument",
      place: "readStudyTask",
      problem: `expected one of ${studyTaskNames.join(", ")}, got ${name}`,
      type: RangeError,
    });
  const study = studyTasks[name];
  const { task, train, evaluation } = study;
  return {
    task,
    train: await readRecords(folder, study, train),
    officialTrainRows: train.rows,
    evaluations: [
      {
        name: evaluation.name,
        column: task.title,
        examples: await readRecords(folder, study, evaluation),
        officialRows: evaluation.rows,
      },
    ],
  };
};

/** The tasks of which a folder has the training and evaluation files. */
export const studyTasksIn = async (folder: string): Promise<StudyTaskName[]> => {
  const found: StudyTaskName[] = [];
  for (const name of studyTaskNames) {
    const { train, evaluation } = studyTasks[name];
    const there = await Promise.all([train, evaluation].map((set) => recordsOf(folder, set)));
    if (there.every(Boolean)) found.push(name);
  }
  return found;
};

const recordsOf = async (folder: string, set: RecordSet) => {
  const path = join(folder, set.path);
  const isThere = await stat(path).then(
    () => true,
    () => false,
  );
  if (isThere) return { records: () => officialRecords(path), official: true };
  const shards = await parquetShards(folder, set);
  return shards.length > 0 ? { records: () => parquetRecords(shards), official: false } : undefined;
};

const readRecords = async (folder: string, study: StudyTask, set: RecordSet): Promise<Example[]> => {
  const { title } = study.task;
  const found = await recordsOf(folder, set);
  if (!found)
    throw fault({
      code: "not-found",
      place: join(folder, set.path),
      problem: `expected this, or ${join(folder, set.hub.folder, `${set.hub.split}-00000-of-00001.parquet`)}, got neither`,
      remedy: `download ${title}, or pass another folder`,
    });
  const examples: Example[] = [];
  for await (const { record, place } of found.records()) {
    for (const row of found.official ? flattened(study, record, place) : [record]) {
      const example = exampleOf(study, set, row);
      if ("expected" in example)
        throw fault({
          code: "damaged-file",
          place,
          problem: `expected ${example.expected}, got ${example.got}`,
          remedy: `put the files of ${title} there, not its test set, which has no labels`,
        });
      examples.push(example);
    }
  }
  const got = examples.length;
  if (got === 0 || got > set.rows)
    throw fault({
      code: "damaged-file",
      place: join(folder, set.path),
      problem: `expected 1 to the ${set.rows} rows of ${title} ${set.name}, got ${got}`,
      remedy: `put the files of ${title} there`,
    });
  return examples;
};

/** The rows of an official record, unless it has another form. */
const flattened = (study: StudyTask, record: Parameters<StudyTask["flatten"]>[0], place: string) => {
  try {
    return study.flatten(record);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw fault({
      code: "damaged-file",
      place,
      problem: `expected a record of ${study.task.title}, got one with ${Object.keys(record).join(", ").slice(0, 200)}`,
      remedy: `put the files of ${study.task.title} there`,
    });
  }
};
