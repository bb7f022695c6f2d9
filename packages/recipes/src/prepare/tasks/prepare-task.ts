import { join } from "node:path";
import { checkOptions, fault, hasCode } from "@cramkit/errors";
import { lockFolder, makeFolder } from "@cramkit/files";
import { type RunContext, stopPoint } from "../../progress.ts";
import { dataSeed } from "../../recipe/data-seed.ts";
import type { Recipe } from "../../recipe/recipe.ts";
import { requireSources } from "../corpus.ts";
import { isFinished, preparationOptions, stoppable } from "../prepare.ts";
import { preparedFolder } from "../prepared-folder.ts";
import { sourceChanges } from "../source-files.ts";
import { finishedTexts } from "../texts.ts";
import { idSource } from "../write-id-rows.ts";
import { countingStage } from "./counting-stage.ts";
import { encodingStage } from "./encoding-stage.ts";
import { isThere } from "./ranges.ts";
import { readingStage } from "./reading-stage.ts";
import type { StageOptions, TaskStage } from "./stage.ts";

/** Which of how many tasks this is. */
export interface TaskOptions {
  /** 0 to `of` - 1. */
  readonly task: number;
  readonly of: number;
  /**
   * Whether to wait for the other tasks, until everything is prepared: for tasks that all run at once.
   * @defaultValue `false`: a task ends when it has done its share of the stage
   */
  readonly wait?: boolean;
}

/** How far a preparation by tasks is. */
export interface TaskOutcome {
  readonly folder: string;
  /**
   * The stage in which this task has done its share: others have to finish theirs. Then the same call does the next one.
   * @defaultValue absent if everything is prepared
   */
  readonly waitsIn?: {
    readonly stage: string;
    /** What is missing of it: of so many files or ranges. Nothing if another task is merging them. */
    readonly missing: number;
    readonly parts: number;
    readonly unit: string;
  };
}

/**
 * Does one task's share of preparing the data of a recipe: reading and filtering its files; then, once all files are read and
 * merged, counting words; then encoding. The task that finishes a stage merges it. Every task calls this with the same recipe
 * and folder, which they share, once a stage; what is done is skipped, so that a task may be repeated at any time. The prepared
 * data is, to the byte, that of `prepare`, whatever the number of tasks.
 *
 * @throws a fault `invalid-input` for a recipe whose text is ids, which are packed as they are, and if text has changed on the way
 */
export const prepareTask = async (
  asked: Recipe,
  dataFolder: string,
  options: TaskOptions,
  context: RunContext,
): Promise<TaskOutcome> => {
  checkOptions("prepareTask", options, { task: true, of: true, wait: true });
  const { task, of, wait = false } = options;
  if (!(Number.isInteger(of) && of > 0 && Number.isInteger(task) && task >= 0 && task < of))
    throw fault({
      code: "invalid-argument",
      place: "prepareTask",
      problem: `expected a task of 0 to of - 1, got ${task} of ${of}`,
      type: RangeError,
    });
  const recipe = { ...asked, seed: dataSeed(asked) };
  if (idSource(recipe) !== undefined)
    throw fault({
      code: "invalid-input",
      place: "corpus.sources",
      problem: "expected text, which tasks share out, got ids, which are packed as they are",
      remedy: "prepare them in one process",
    });
  const folder = preparedFolder(recipe, dataFolder);
  await makeFolder(folder);
  if (!(await isFinished(folder, recipe))) await requireSources(recipe);
  const stageOptions: StageOptions = { ...preparationOptions(recipe, folder, context), of };
  const pause = stopPoint(context, `stopped while waiting for other tasks; the same command goes on in ${folder}`);
  return stoppable(stageOptions, async () => {
    for (;;) {
      if (await isFinished(folder, recipe)) return { folder };
      await requireSameText(stageOptions);
      const stage = await nextStage(stageOptions);
      await doShare(stage, stageOptions, task);
      const missing = await missingParts(stage);
      if (missing === 0 && (await mergeAlone(stage, stageOptions))) continue;
      if (await stage.isOver()) continue;
      const { name, parts, unit } = stage;
      if (!wait) return { folder, waitsIn: { stage: name, missing, parts, unit } };
      context.onProgress({ stage: `${name}: waiting for other tasks`, done: parts - missing, total: parts, unit });
      await new Promise((passed) => setTimeout(passed, msBetweenLooks));
      await pause();
    }
  });
};

/** A shared folder is looked at so often while other tasks work. */
const msBetweenLooks = 500;

const nextStage = async (options: StageOptions): Promise<TaskStage> => {
  const { folder } = options;
  if ((await finishedTexts(folder)) === undefined) return readingStage(options);
  return (await isThere(join(folder, "tokenizer.json"))) ? encodingStage(options) : countingStage(options);
};

/** Several tasks cannot begin anew at once, so that the user has to. */
const requireSameText = async ({ recipe, folder, hub }: StageOptions): Promise<void> => {
  const { changes = [] } = (await sourceChanges(recipe, folder, hub)) ?? {};
  if (changes.length === 0) return;
  throw fault({
    code: "invalid-input",
    place: folder,
    problem: `the text has changed since tasks have read it: ${changes.slice(0, 3).join(", ")}`,
    remedy: "remove this folder, and start all tasks again",
  });
};

const doShare = async (stage: TaskStage, { of, context }: StageOptions, task: number): Promise<void> => {
  let work: Awaited<ReturnType<TaskStage["start"]>> | undefined;
  let characters = 0;
  const own = Array.from({ length: stage.parts }, (_, part) => part).filter((part) => part % of === task);
  try {
    for (const [done, part] of own.entries()) {
      if (await stage.isOver()) return;
      if (await stage.isDone(part)) continue;
      work ??= await stage.start();
      await work.do(part, (read) => {
        characters += read;
        const detail = `${(characters / 1e6).toFixed(1)} MB`;
        context.onProgress({ stage: stage.name, done, total: own.length, unit: stage.unit, detail });
      });
    }
  } finally {
    await work?.end?.();
  }
};

const missingParts = async (stage: TaskStage): Promise<number> => {
  let missing = 0;
  for (let part = 0; part < stage.parts; part++) if (!(await stage.isDone(part))) missing++;
  return missing;
};

/** Merges a stage if no other task does; false if one does. */
const mergeAlone = async (stage: TaskStage, { folder }: StageOptions): Promise<boolean> => {
  let unlock: () => void;
  try {
    unlock = await lockFolder(folder, { name: "run.lock" });
  } catch (error) {
    if (hasCode(error, "locked")) return false;
    throw error;
  }
  try {
    if (!(await stage.isOver())) await stage.merge();
  } finally {
    unlock();
  }
  return true;
};
