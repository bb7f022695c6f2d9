import { fault } from "@cramkit/errors";
import { arrayTask } from "@cramkit/parallel";
import { prepare, prepareTask, type Recipe, type RunContext } from "@cramkit/recipes";
import { Command } from "commander";
import { preparedDataOf, type RecipeOptions, resolveRecipe, withRecipe } from "../options/recipe-options.ts";
import { wholeNumber } from "../options/whole-number.ts";
import { tell } from "../terminal/output.ts";
import { session } from "../terminal/session.ts";
import { inspect } from "./inspect.ts";

interface PrepareOptions extends RecipeOptions {
  /**
   * Rows to show, or true for a few.
   * @defaultValue none are shown
   */
  readonly inspect?: true | number;
  /**
   * Number of this task, or true to take it from the environment.
   * @defaultValue everything is prepared by this process
   */
  readonly task?: true | number;
  /**
   * Number of tasks.
   * @defaultValue what the environment says
   */
  readonly of?: number;
  /**
   * Whether `--wait` was given.
   * @defaultValue a task ends when it has done its share of a stage
   */
  readonly wait?: true;
}

export const prepareCommand = (): Command =>
  withRecipe(
    new Command("prepare").description("read, clean, tokenize and pack the text of a recipe, without training"),
  )
    .option(
      "--inspect [rows]",
      "show decoded rows, counts per source, and what the filters dropped",
      wholeNumber(1, 1e6),
    )
    .option(
      "--task [number]",
      "do one task's share, 0 to N - 1, of each stage: reading, counting words, encoding; without a number as Slurm, Kubernetes, or TASK and TASKS say",
      wholeNumber(0, 1e6),
    )
    .option("--of <N>", "how many tasks there are", wholeNumber(1, 1e6))
    .option("--wait", "with --task: wait for the other tasks and do all stages, if all tasks run at once")
    .action(async (name: string, options: PrepareOptions) => {
      const { recipe, dataFolder } = await resolveRecipe(name, options);
      const task = taskOf(options);
      await session(async (context) => {
        const asked = { ...context, preparedData: preparedDataOf(options) };
        if (task !== undefined && !(await isPreparedByTasks(recipe, dataFolder, task, asked))) return;
        const prepared = await prepare(recipe, dataFolder, asked);
        try {
          const { rowCount, counts } = prepared.training.manifest;
          tell(
            `${prepared.folder}: ${rowCount.toLocaleString("en-US")} training rows from ${counts.documents.toLocaleString("en-US")} documents, ${prepared.heldOut.rowCount.toLocaleString("en-US")} held-out rows`,
          );
          if (options.inspect) await inspect(prepared, options.inspect === true ? 3 : options.inspect);
        } finally {
          prepared.close();
        }
      });
    });

interface Task {
  readonly task: number;
  readonly of: number;
  readonly wait: boolean;
}

/** Does a task's share; false if others have to do theirs before there is more to do. */
const isPreparedByTasks = async (
  recipe: Recipe,
  dataFolder: string,
  task: Task,
  context: RunContext,
): Promise<boolean> => {
  const { folder, waitsIn } = await prepareTask(recipe, dataFolder, task, context);
  if (waitsIn === undefined) return true;
  const { stage, missing, parts, unit } = waitsIn;
  const rest = missing > 0 ? `${missing} of ${parts} ${unit} are other tasks'` : "another task merges it";
  tell(
    `${folder}: task ${task.task} of ${task.of} has done its share of ${stage} (${rest}); run all tasks again when they have ended`,
  );
  return false;
};

const taskOf = ({ task, of, wait: isWaiting, fresh }: PrepareOptions): Task | undefined => {
  const refuse = (problem: string, remedy: string): never => {
    throw fault({ code: "invalid-argument", place: "prepare", problem, remedy });
  };
  const wait = isWaiting === true;
  if (task === undefined) {
    if (of !== undefined || wait) refuse("expected --task with --of and --wait, got none", "add --task NUMBER");
    return undefined;
  }
  if (fresh)
    refuse("expected no --fresh with --task: a task would remove what others have done", "remove the folder by hand");
  if (typeof task === "number") {
    if (of === undefined) return refuse(`expected --of with --task ${task}`, "add --of and the number of tasks");
    if (task >= of) refuse(`expected a task of 0 to ${of - 1}, got ${task}`, "count tasks from 0");
    return { task, of, wait };
  }
  const found = arrayTask();
  if (found === undefined)
    return refuse(
      "expected a task of a Slurm array, of a Kubernetes indexed job, or TASK and TASKS in the environment, got none",
      "write --task NUMBER --of N",
    );
  return { task: found.task, of: of ?? found.tasks, wait };
};
