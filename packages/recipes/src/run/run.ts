import { access } from "node:fs/promises";
import { checkOptions } from "@cramkit/errors";
import { checkWritable, lockFolder } from "@cramkit/files";
import { startCompute } from "../compute.ts";
import type { EvaluationSet } from "../evaluate/evaluate.ts";
import { requireProbeTexts } from "../evaluate/probes.ts";
import { checkOrigin } from "../origin/check-origin.ts";
import { type Prepared, prepare } from "../prepare/prepare.ts";
import { type RunContext, stopPoint } from "../progress.ts";
import { checkRecipe } from "../recipe/check-recipe.ts";
import { dataSeed } from "../recipe/data-seed.ts";
import { heldOutMasking, specialId } from "../recipe/masking.ts";
import { modelOf } from "../recipe/model-of.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { readJson, runFiles } from "../run-record.ts";
import { changeSettings } from "./change-settings.ts";
import { evaluateStage } from "./evaluate-stage.ts";
import { requireRunFormat, requireSameRecipe } from "./folder.ts";
import { planOf } from "./plan.ts";
import { pretrainStage } from "./pretrain-stage.ts";
import { changesOf, createRecord } from "./record.ts";
import { slowTrainingWarning } from "./slow-training.ts";
import type { RunStage } from "./stage.ts";

export interface RunOptions {
  /** The run's own folder. */
  readonly folder: string;
  /** Where prepared data is kept and found again. */
  readonly dataFolder: string;
  /**
   * Accepts a WebGPU adapter that is a CPU: right, but slow.
   * @defaultValue `false`
   */
  readonly allowSoftware?: boolean;
  /**
   * Settings to change in a run that has begun, as `key.path=value`: those that do not touch what was computed. What
   * changed, when and from which step on is kept in its record.
   * @defaultValue `[]`
   */
  readonly set?: readonly string[];
}

/** Prepares, pretrains, evaluates: the whole of a recipe, going on where an earlier session of the same run ended. */
export const runRecipe = (recipe: Recipe, options: RunOptions, context: RunContext): Promise<void> =>
  runStages(recipe, options, context, [pretrainStage, evaluateStage]);

/** Prepares what is not prepared yet and trains until the budget is used up: leaves `model/` and `summary.json`. */
export const pretrainRecipe = (recipe: Recipe, options: RunOptions, context: RunContext): Promise<void> =>
  runStages(recipe, options, context, [pretrainStage]);

/** Scores the model that pretraining left on held-out rows and on the probes. */
export const evaluateRecipe = (recipe: Recipe, options: RunOptions, context: RunContext): Promise<void> =>
  runStages(recipe, options, context, [evaluateStage]);

/** Opens backend, data and folder of a run for the stages that are left to do, and closes them afterwards. */
const runStages = async (
  begun: Recipe,
  options: RunOptions,
  context: RunContext,
  stages: readonly RunStage[],
): Promise<void> => {
  checkOptions("runRecipe", options, { folder: true, dataFolder: true, allowSoftware: true, set: true });
  const { folder, dataFolder, allowSoftware, set = [] } = options;
  await requireRunFormat(folder);
  await requireSameRecipe(folder, begun);
  const recipe = set.length > 0 ? changeSettings(begun, set) : begun;
  checkRecipe(recipe);
  const changes = changesOf(begun, recipe);
  const done = await Promise.all(stages.map((stage) => stage.isDone(recipe, folder)));
  if (done.every(Boolean)) {
    if (changes.length > 0) {
      const unlock = await lockFolder(folder, { name: "run.lock" });
      try {
        await (await createRecord(recipe, { folder, dataFolder, changes }))();
      } finally {
        unlock();
      }
    }
    context.say(
      `${folder}: all is done and nothing was changed since; to evaluate anew, delete ${runFiles(folder).evaluated}`,
    );
    return;
  }
  await checkWritable(folder);
  await checkWritable(dataFolder);
  const origin = await checkOrigin(recipe, folder, context.say);
  const pause = stopPoint(context, `stopped between two stages; \`cramkit resume ${folder}\` goes on`);
  const compute = await startCompute(recipe.backend, { allowSoftware });
  try {
    context.say(compute.description);
    const warning = await slowTrainingWarning(recipe, compute.name);
    if (warning) context.say(warning);
    const prepared = await prepare(recipe, dataFolder, context);
    try {
      requireProbeTexts(recipe, prepared.heldOutTexts);
      const unlock = await lockFolder(folder, { name: "run.lock" });
      try {
        const record = await createRecord(recipe, { folder, dataFolder, changes, origin });
        await record();
        for (const { path, left, right } of changes)
          context.say(`${path}: ${JSON.stringify(left)} -> ${JSON.stringify(right)} from here on`);
        const restore = async () => {
          if ((await readJson(runFiles(folder).recipe)) !== undefined) return;
          context.say(
            `${folder}: somebody removed it; it is made again with the next checkpoint, without earlier metrics`,
          );
          await record();
        };
        const config = modelOf(recipe, prepared.tokenizer.idLimit);
        const heldOut = heldOutOf(recipe, prepared);
        if (stages.includes(pretrainStage) && !(await isBegun(folder))) {
          const evaluates = stages.includes(evaluateStage);
          const rows = prepared.training.rowCount;
          for (const line of await planOf({ recipe, config, rows, heldOut, evaluates })) context.say(line);
        }
        for (const stage of stages) {
          await pause();
          if (!(await stage.isDone(recipe, folder)))
            await stage.run({ recipe, folder, prepared, config, compute, heldOut, restore, context });
        }
      } finally {
        unlock();
      }
    } finally {
      prepared.close();
    }
  } finally {
    await compute.dispose();
  }
};

/** Whether there is something to resume. */
const isBegun = (folder: string): Promise<boolean> =>
  access(runFiles(folder).metrics).then(
    () => true,
    () => false,
  );

const heldOutOf = (recipe: Recipe, { heldOut, tokenizer }: Prepared): EvaluationSet => ({
  source: heldOut,
  rows: recipe.evaluation.rows,
  maskId: specialId(tokenizer, "<mask>"),
  masking: heldOutMasking(recipe, tokenizer),
  seed: dataSeed(recipe),
});
