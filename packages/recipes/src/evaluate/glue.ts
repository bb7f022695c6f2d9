import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fault, shown } from "@cramkit/errors";
import { checkWritable, hashFile, sealed, unsealed, writeFileAtomic } from "@cramkit/files";
import {
  type GlueName,
  glueNames,
  majorityRow,
  type Protocol,
  publishedRows,
  type RunProgress,
  runTasks,
  type ScoreRow,
  type StudyTaskName,
  scoreRow,
  scoreTable,
  studyTasks,
  subset,
  type TaskData,
  type TrialResult,
  tableMarkdown,
  trialTable,
} from "@cramkit/glue";
import { glueTasksIn, readGlue, readStudyTask, resultsFolder } from "@cramkit/glue/node";
import type { Compute } from "../compute.ts";
import { pretrainedHead } from "../model/pretrained-head.ts";
import type { SavedModel } from "../model/saved-model.ts";
import { disposeTensors } from "../named-tensors.ts";
import { type ModelPlace, placeDigest } from "../open/find-model.ts";
import { openModel } from "../open/open-model.ts";
import { Interrupted, type RunContext, type StageProgress } from "../progress.ts";
import { readJson } from "../run-record.ts";
import { trainee } from "./finetune.ts";

export interface GlueSpec {
  /** A model folder: of a run, or of a Hugging Face BERT. */
  readonly model: string;
  /**
   * Folders of other models to score beside it.
   *
   * @defaultValue none
   */
  readonly baselines?: readonly string[];
  /** The folder with the tasks' folders. */
  readonly data: string;
  /**
   * Names of tasks, of GLUE or others of the study.
   *
   * @defaultValue all of GLUE that are in `data`
   */
  readonly tasks?: readonly (GlueName | StudyTaskName)[];
  /**
   * Random examples of each task to finetune on; the tables say so.
   *
   * @defaultValue all of them
   */
  readonly trainExamples?: number;
  readonly protocol: Protocol;
  readonly seed: number;
  /** Where results are kept; a trial that is there is not run again. */
  readonly results: string;
  /** Also the same network without its pretrained weights. */
  readonly untrained: boolean;
  /** Also predicts the test sets. */
  readonly tests: boolean;
  readonly allowMoreEpochs: boolean;
}

/** A model's trials on all tasks. */
export interface GlueScores {
  readonly name: string;
  readonly results: readonly TrialResult[];
}

/**
 * Finetunes on GLUE, task by task and trial by trial: the model, then the same network without pretraining, then the
 * baselines. Keeps in the `results` folder, which is `glue` in a run's folder:
 *
 * - `trained/TASK/trial-K.json`, `untrained/TASK/trial-K.json` and, of every baseline, `NAME/TASK/trial-K.json`: one trial
 *   each, a `TrialResult` of @cramkit/glue, with its scores, its share of the data, and examples per second. `readResults`
 *   of @cramkit/glue reads such a folder; `summarize` and `trialTable` make a table of it.
 * - `scores.json`: the score table, a `ScoreRow[]` of @cramkit/glue: the models in the order above, then the majority class,
 *   then published rows. Scores are times 100. `readScores` reads it; `scoreTable` orders and marks it.
 * - `scores.md`: the same table, and one of the trials, as Markdown.
 *
 * The last two are written anew whenever a model has run through all its tasks.
 */
export const runGlue = async (spec: GlueSpec, compute: Compute, context: RunContext): Promise<GlueScores[]> => {
  const names = spec.tasks ?? (await glueTasksIn(spec.data));
  if (names.length === 0)
    throw fault({
      code: "not-found",
      place: `folder ${spec.data}`,
      problem: `expected GLUE tasks with their training and dev files, found none of ${glueNames.join(", ")}`,
      remedy:
        "pass the folder that has CoLA, SST-2, ... in it, fetch them with cramkit glue download, or name other tasks, such as boolq",
    });
  await checkWritable(spec.results); // not after a trial
  const scores: GlueScores[] = [];
  const finetune = async (
    name: string,
    folder: string,
    id: string,
    model: Omit<SavedModel, "params">,
    weights?: Weights,
    pooler?: Weights,
  ) => {
    const results = await runTasks({
      trainee: trainee({ ...model, id, kernels: compute.kernels, params: weights, pooler }),
      tasks: read(spec, names),
      protocol: spec.protocol,
      seed: spec.seed,
      results: resultsFolder(join(spec.results, folder)),
      tests: spec.tests,
      allowMoreEpochs: spec.allowMoreEpochs,
      signal: context.signal,
      onProgress: (progress) => context.onProgress(stageOf(name, progress)),
    });
    scores.push({ name, results });
    await writeScores(spec.results, scores);
  };
  try {
    for (const [index, folder] of [spec.model, ...(spec.baselines ?? [])].entries()) {
      const { params, place, ...model } = await openModel(folder, { encoderOnly: true });
      const pooler = pretrainedHead(model);
      try {
        const name = modelName(place);
        const id = `${name} ${await digestOf(place)}`;
        await finetune(name, index === 0 ? "trained" : id.replace(" ", "-"), id, model, params, pooler);
        if (index === 0 && spec.untrained)
          await finetune(`${name}, no pretraining`, "untrained", `${id} untrained`, model);
      } finally {
        disposeTensors(params);
        disposeTensors(pooler);
      }
    }
    return scores;
  } catch (error) {
    if (context.signal?.aborted)
      throw new Interrupted(`stopped; finished trials are kept in ${spec.results}, the same command goes on`);
    throw error;
  }
};

type Weights = SavedModel["params"];

async function* read(
  { data, tests, trainExamples, seed }: GlueSpec,
  names: readonly (GlueName | StudyTaskName)[],
): AsyncGenerator<TaskData> {
  for (const name of names) {
    const task = isStudyTask(name) ? await readStudyTask(data, name) : await readGlue(data, name, { tests });
    yield subset(task, { train: trainExamples, seed });
  }
}

const isStudyTask = (name: GlueName | StudyTaskName): name is StudyTaskName => Object.hasOwn(studyTasks, name);

const stageOf = (model: string, progress: RunProgress): StageProgress => {
  const { task, trial, trials } = progress;
  const stage = `${task}, ${model}, trial ${trial + 1} of ${trials}: ${progress.phase}`;
  if (!("done" in progress)) {
    const { fitExamplesPerSecond, evaluateExamplesPerSecond } = progress.result;
    const detail = `${fitExamplesPerSecond.toFixed(0)} examples/s in training, ${evaluateExamplesPerSecond.toFixed(0)} in evaluation`;
    return { stage, done: 1, total: 1, unit: "trial", detail };
  }
  const { phase, done, total, loss, examplesPerSecond } = progress;
  const speed = examplesPerSecond === undefined ? "" : `${examplesPerSecond.toFixed(0)} examples/s`;
  const detail = [loss === undefined ? "" : `loss ${loss.toFixed(3)}`, speed].filter(Boolean).join("  ");
  return { stage, done, total, unit: phase === "train" ? "steps" : "examples", detail };
};

const scoresFile = (folder: string) => join(folder, "scores.json");

const writeScores = async (folder: string, scores: readonly GlueScores[]): Promise<void> => {
  const rows = scoreRows(scores);
  const trials = scores.map(({ name, results }) => `${name}:\n\n${tableMarkdown(trialTable(results))}\n`);
  await writeFileAtomic(scoresFile(folder), `${JSON.stringify(rows.map(sealed), null, 2)}\n`);
  await writeFileAtomic(join(folder, "scores.md"), [`${tableMarkdown(scoreTable(rows))}\n`, ...trials].join("\n"));
};

/** The rows of a score table: the models, what the majority class has on the same sets, and what was published. */
export const scoreRows = (scores: readonly GlueScores[]): ScoreRow[] => [
  ...scores.map(({ name, results }) => scoreRow(name, results)),
  majorityRow(scores[0]?.results ?? []),
  ...publishedRows,
];

/** The score table in a results folder of `runGlue`; undefined if there is none. */
export const readScores = async (folder: string): Promise<ScoreRow[] | undefined> => {
  const file = scoresFile(folder);
  const remedy = "the same `cramkit glue` command writes it again from the trials";
  const rows = await readJson(file, remedy);
  if (rows === undefined) return undefined;
  if (!Array.isArray(rows))
    throw fault({ code: "damaged-file", place: file, problem: `expected a list of rows, got ${shown(rows)}`, remedy });
  return rows.map((row) => unsealed<ScoreRow>(row, file, remedy));
};

/** How tables call a model: as its run, with the checkpoint if it is one, or as its folder. */
const modelName = ({ kind, folder, run }: ModelPlace): string => {
  const of = basename(run ?? (basename(folder) === "model" ? dirname(folder) : folder));
  return kind === "checkpoint" ? `${of}-${basename(folder)}` : of;
};

/** The beginning of a SHA-256, of a model folder over its weights, in one file or in shards: enough to tell models apart. */
const digestOf = async (place: ModelPlace): Promise<string> => {
  if (place.kind === "checkpoint") return (await placeDigest(place))!.slice(0, 16);
  const hash = createHash("sha256");
  const all = (await readdir(place.folder)).filter((name) => name.endsWith(".safetensors")).sort();
  const files = all.includes("model.safetensors") ? ["model.safetensors"] : all;
  for (const name of files) await hashFile(hash, join(place.folder, name));
  return hash.digest("hex").slice(0, 16);
};
