import { access } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { checkOptions } from "@cramkit/errors";
import { checkWritable, lockFolder } from "@cramkit/files";
import { startCompute } from "../compute.ts";
import type { EvaluationSet } from "../evaluate/evaluate.ts";
import { probeBatchLength, requireProbeTexts } from "../evaluate/probes.ts";
import { checkOrigin } from "../origin/check-origin.ts";
import { type Prepared, prepare } from "../prepare/prepare.ts";
import { type RunContext, stopPoint } from "../progress.ts";
import { checkRecipe } from "../recipe/check-recipe.ts";
import { dataSeed } from "../recipe/data-seed.ts";
import { heldOutMasking, specialId } from "../recipe/masking.ts";
import { modelOf } from "../recipe/model-of.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { readJson, runFiles } from "../run-record.ts";
import { type Team, teamOf } from "../team.ts";
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
  const team = teamOf(context);
  await team.agree({ "the recipe": begun, "the changed settings": set, "the version of Node": process.version });
  await team.lead(async () => {
    await requireRunFormat(folder);
    await requireSameRecipe(folder, begun);
  });
  const recipe = await team.together(() => {
    const changed = set.length > 0 ? changeSettings(begun, set) : begun;
    checkRecipe(changed);
    return changed;
  });
  const changes = changesOf(begun, recipe);
  const done = await team.lead(() => Promise.all(stages.map((stage) => stage.isDone(recipe, folder))));
  if (done.every(Boolean)) {
    if (changes.length > 0 && team.rank === 0) {
      const unlock = await lockFolder(folder, { name: "run.lock" });
      try {
        await (await createRecord(recipe, { folder, dataFolder, changes }))();
      } finally {
        unlock();
      }
    }
    context.say(
      `${folder}: everything is done and nothing has changed since; to evaluate again, delete ${runFiles(folder).evaluated}`,
    );
    return;
  }
  let origin: Awaited<ReturnType<typeof checkOrigin>>;
  await team.lead(async () => {
    await checkWritable(folder);
    await checkWritable(dataFolder);
    origin = await checkOrigin(recipe, folder, context.say);
  });
  const pause = stopPoint(context, `stopped between two stages; \`cramkit resume ${folder}\` goes on`);
  const compute = await team.together(() => {
    const { isStopping } = context;
    return startCompute(backendOfRank(recipe, team), { allowSoftware, isStopping });
  });
  try {
    context.say(compute.description);
    await team.agree({
      "the backend": compute.name,
      "relaxed SIMD": compute.relaxedSimd,
      "the library of matrix products": compute.products?.library,
    });
    if (team.size > 1) context.say(`training on ${team.size} ranks; here ${context.ranks!.description}`);
    const warning = await team.lead(() => slowTrainingWarning(recipe, compute.name));
    if (warning) context.say(warning);
    const prepared = await prepare(recipe, dataFolder, context);
    try {
      await team.lead(() => requireProbeTexts(recipe, prepared.heldOutTexts));
      let unlock = () => {};
      await team.lead(async () => {
        unlock = await lockFolder(folder, { name: "run.lock" });
      });
      try {
        let record = async () => {};
        await team.lead(async () => {
          record = await createRecord(recipe, { folder, dataFolder, changes, origin });
          await record();
        });
        for (const { path, left, right } of changes)
          context.say(`${path}: ${JSON.stringify(left)} -> ${JSON.stringify(right)} from here on`);
        const restore = async () => {
          if ((await readJson(runFiles(folder).recipe)) !== undefined) return;
          context.say(
            `${folder}: the folder was removed; the next checkpoint creates it again, without earlier metrics`,
          );
          await record();
        };
        const config = modelOf(recipe, prepared.tokenizer.idLimit);
        const heldOut = heldOutOf(recipe, prepared);
        await team.lead(async () => {
          if (!stages.includes(pretrainStage) || (await isBegun(folder))) return;
          const evaluates = stages.includes(evaluateStage);
          const rows = prepared.training.rowCount;
          const ranks = team.size;
          const isProbed = evaluates && recipe.evaluation.probes.trials > 0;
          const probeLength = isProbed ? probeBatchLength(recipe, prepared.heldOutTexts, prepared.tokenizer) : 0;
          const plan = await planOf({ recipe, config, rows, heldOut, evaluates, probeLength, ranks });
          for (const line of plan) context.say(line);
        });
        for (const stage of stages) {
          await team.lead(pause);
          if (!(await team.lead(() => stage.isDone(recipe, folder))))
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

/** The recipe's backend; without `backend.threads`, the ranks of a machine divide its cores. */
const backendOfRank = ({ backend }: Recipe, { size, localSize }: Team): Recipe["backend"] =>
  size === 1 || backend.threads !== null
    ? backend
    : { ...backend, threads: Math.max(1, Math.floor(availableParallelism() / localSize)) };

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
