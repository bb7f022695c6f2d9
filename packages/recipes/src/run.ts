import { access, constants, mkdir } from "node:fs/promises";
import { cpus } from "node:os";
import { dirname, resolve } from "node:path";
import { checkConfig, init, type ModelConfig, parameterCount } from "@cramkit/model";
import { lockRun, writeFileAtomic } from "@cramkit/trainer/node";
import { parseBudget } from "./budget.ts";
import { type Compute, startCompute } from "./compute.ts";
import { differences } from "./difference.ts";
import { type EvaluationSet, scoreModel, scoreUnigram } from "./evaluate.ts";
import { flopsPerToken } from "./flops.ts";
import { maskingOf, specialId } from "./masking.ts";
import { disposeTensors, type NamedTensors } from "./named-tensors.ts";
import { type Prepared, prepare } from "./prepare.ts";
import { pretrain } from "./pretrain.ts";
import { runProbes } from "./probes.ts";
import type { RunContext } from "./progress.ts";
import type { Recipe } from "./recipe.ts";
import { type MaskedScores, type RunSummary, readJson, readRun, runFiles } from "./run-record.ts";
import { loadModel, saveModel } from "./saved-model.ts";

export interface RunOptions {
  /** The run's own folder. */
  readonly folder: string;
  /** Where prepared data is kept and found again. */
  readonly dataFolder: string;
  /** Accepts a WebGPU adapter that is a CPU: right, but slow. */
  readonly allowSoftware?: boolean;
}

/** What the stages of a run work on. */
interface OpenRun {
  readonly recipe: Recipe;
  readonly folder: string;
  readonly prepared: Prepared;
  readonly config: ModelConfig;
  readonly compute: Compute;
  readonly heldOut: EvaluationSet;
  readonly context: RunContext;
}

/** Prepares, pretrains, evaluates: the whole of a recipe, going on where an earlier session of the same run ended. */
export const runRecipe = (recipe: Recipe, options: RunOptions, context: RunContext): Promise<void> =>
  openRun(recipe, options, context, async (run) => {
    await pretrainStage(run);
    await evaluateStage(run);
  });

/** Prepares what is not prepared yet and trains until the budget is used up: leaves `model/` and `summary.json`. */
export const pretrainRecipe = (recipe: Recipe, options: RunOptions, context: RunContext): Promise<void> =>
  openRun(recipe, options, context, pretrainStage);

/** Scores the model that pretraining left on held-out rows and on the probes. */
export const evaluateRecipe = (recipe: Recipe, options: RunOptions, context: RunContext): Promise<void> =>
  openRun(recipe, options, context, evaluateStage);

/** Opens backend, data and folder of a run for `stages`, and closes them behind it. */
const openRun = async (
  recipe: Recipe,
  { folder, dataFolder, allowSoftware }: RunOptions,
  context: RunContext,
  stages: (run: OpenRun) => Promise<void>,
): Promise<void> => {
  const flops = flopsPerToken(modelOf(recipe, recipe.tokenizer.vocabSize), recipe);
  parseBudget(recipe.training.budget, flops);
  await requireSameRecipe(folder, recipe);
  await requireWritable(folder);
  const compute = await startCompute(recipe.backend, { allowSoftware });
  try {
    context.say(compute.description);
    const prepared = await prepare(recipe, dataFolder, context);
    try {
      await mkdir(folder, { recursive: true });
      const unlock = await lockRun(folder);
      try {
        await writeJson(runFiles(folder).recipe, recipe);
        await writeJson(runFiles(folder).data, { folder: resolve(dataFolder) });
        const config = modelOf(recipe, prepared.tokenizer.vocabSize);
        const heldOut = heldOutOf(recipe, prepared);
        await stages({ recipe, folder, prepared, config, compute, heldOut, context });
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

const heldOutOf = (recipe: Recipe, prepared: Prepared): EvaluationSet => ({
  source: prepared.heldOut,
  rows: recipe.evaluation.rows,
  maskId: specialId(prepared.tokenizer, "<mask>"),
  masking: maskingOf(recipe, prepared.tokenizer),
  seed: recipe.seed,
});

const pretrainStage = async ({ recipe, folder, prepared, config, compute, heldOut, context }: OpenRun) => {
  const files = runFiles(folder);
  const { name: backend, kernels, restart } = compute;
  const trained = await pretrain({ recipe, folder, prepared, config, backend, kernels, restart, heldOut }, context);
  const { params, progress, microbatchSize, finishedMs, spent } = trained;
  try {
    await saveModel(files.model, { params, config, tokenizer: prepared.tokenizer });
  } finally {
    disposeTensors(params);
  }
  const summary: RunSummary = {
    parameters: parameterCount(config),
    flopsPerToken: flopsPerToken(config, recipe),
    microbatches: progress.microbatch,
    steps: progress.step,
    tokens: progress.tokens,
    microbatchSize,
    elapsedMs: progress.elapsedMs,
    finishedMs,
    ...spent,
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
    backend: compute.description,
    hardware: `${cpus().length} x ${cpus()[0]?.model.trim() ?? "unknown processor"}`,
    node: process.versions.node,
    rowsPrepared: prepared.training.rowCount,
    epochs: progress.examples / prepared.training.rowCount,
  };
  await writeJson(files.summary, summary);
};

const evaluateStage = async ({ recipe, folder, prepared, compute, heldOut, context }: OpenRun) => {
  const files = runFiles(folder);
  const summary = (await readJson(files.summary)) as RunSummary | undefined;
  if (!summary) throw new Error(`${folder}: expected a trained model, found none yet; pretrain first`);
  const { params, config, tokenizer } = await loadModel(files.model);
  try {
    context.onProgress({ stage: "evaluating", done: 0, total: 3, unit: "predictors" });
    await writeJson(files.masked, await scoreAll(params, config, recipe, prepared, heldOut, context));
    if (recipe.evaluation.probes.trials > 0) {
      const model = {
        id: `${recipe.name} ${summary.microbatches}`,
        params,
        config,
        tokenizer,
        kernels: compute.kernels,
      };
      await writeJson(files.probes, await runProbes(recipe, prepared.heldOutTexts, model, files.probeTrials, context));
    }
  } finally {
    disposeTensors(params);
  }
};

const scoreAll = async (
  params: NamedTensors,
  config: ModelConfig,
  recipe: Recipe,
  prepared: Prepared,
  heldOut: EvaluationSet,
  { onProgress }: RunContext,
): Promise<MaskedScores> => {
  const step = (done: number) => onProgress({ stage: "evaluating", done, total: 3, unit: "predictors" });
  const trained = await scoreModel(params, config, heldOut);
  step(1);
  const fresh = init(config, recipe.seed);
  const untrained = await scoreModel(fresh, config, heldOut);
  disposeTensors(fresh);
  step(2);
  const unigram = await scoreUnigram(prepared.training, heldOut);
  step(3);
  const { positions } = trained;
  return { rows: Math.min(heldOut.rows, prepared.heldOut.rowCount), positions, trained, untrained, unigram };
};

/** The model of a recipe for a vocabulary of this size, checked. */
export const modelOf = (recipe: Recipe, vocabSize: number): ModelConfig => {
  const config = {
    ...recipe.model,
    vocabSize,
    dropout: recipe.training.dropout,
    attentionDropout: recipe.training.dropout,
  } as unknown as ModelConfig;
  checkConfig(config);
  if (config.maxSeq < recipe.rows.seqLength) {
    throw new RangeError(
      `rows.seqLength: expected at most model.maxSeq ${config.maxSeq}, got ${recipe.rows.seqLength}`,
    );
  }
  return config;
};

/** Tells at once, and not when the data is prepared, of a folder that cannot be written to. */
const requireWritable = async (folder: string): Promise<void> => {
  for (let path = resolve(folder); ; path = dirname(path)) {
    try {
      return await access(path, constants.W_OK);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
};

/** A run folder belongs to one recipe: going on with another would mix two runs. */
const requireSameRecipe = async (folder: string, recipe: Recipe): Promise<void> => {
  if ((await readJson(runFiles(folder).recipe)) === undefined) return;
  const [first, ...rest] = differences((await readRun(folder)).recipe, recipe);
  if (!first) return;
  throw new Error(
    `${folder} holds a run of another recipe: ${first.path} is ${JSON.stringify(first.left)} there and ${JSON.stringify(first.right)} here${rest.length > 0 ? `, and ${rest.length} more` : ""}; name another folder with --dir`,
  );
};

const writeJson = (path: string, value: unknown): Promise<void> =>
  writeFileAtomic(path, `${JSON.stringify(value, null, 2)}\n`);
