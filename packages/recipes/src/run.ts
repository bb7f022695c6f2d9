import { mkdir } from "node:fs/promises";
import { cpus } from "node:os";
import { checkConfig, countFlops, init, type ModelConfig, parameterCount } from "@cramkit/model";
import { lockRun, writeFileAtomic } from "@cramkit/trainer/node";
import { parseBudget } from "./budget.ts";
import { type Compute, startCompute } from "./compute.ts";
import { differences } from "./difference.ts";
import { type EvaluationSet, scoreModel, scoreUnigram } from "./evaluate.ts";
import { maskingOf, specialId } from "./masking.ts";
import { chooseMicrobatch } from "./microbatch.ts";
import { disposeTensors, type NamedTensors } from "./named-tensors.ts";
import { type Prepared, prepare } from "./prepare.ts";
import { pretrain } from "./pretrain.ts";
import { runProbes } from "./probes.ts";
import type { RunContext } from "./progress.ts";
import type { Recipe } from "./recipe.ts";
import { type MaskedScores, type RunSummary, readJson, readRun, runFiles } from "./run-record.ts";
import { saveModel } from "./saved-model.ts";

export interface RunFolders {
  /** The run's own folder. */
  readonly folder: string;
  /** Where prepared data is kept and found again. */
  readonly dataFolder: string;
}

/** Prepares, pretrains, evaluates: the whole of a recipe, going on where an earlier session of the same run ended. */
export const runRecipe = async (
  recipe: Recipe,
  { folder, dataFolder }: RunFolders,
  context: RunContext,
): Promise<void> => {
  const config = modelOf(recipe, recipe.tokenizer.vocabSize);
  parseBudget(recipe.training.budget, countFlops(config, recipe.rows.seqLength).perToken);
  await requireSameRecipe(folder, recipe);
  const compute = await startCompute(recipe.backend);
  try {
    context.say(compute.description);
    const prepared = await prepare(recipe, dataFolder, context);
    try {
      await mkdir(folder, { recursive: true });
      const unlock = await lockRun(folder);
      try {
        await writeJson(runFiles(folder).recipe, recipe);
        await trainAndEvaluate(
          recipe,
          folder,
          prepared,
          modelOf(recipe, prepared.tokenizer.vocabSize),
          compute,
          context,
        );
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

const trainAndEvaluate = async (
  recipe: Recipe,
  folder: string,
  prepared: Prepared,
  config: ModelConfig,
  compute: Compute,
  context: RunContext,
): Promise<void> => {
  const files = runFiles(folder);
  const { kernels } = compute;
  const heldOut: EvaluationSet = {
    source: prepared.heldOut,
    rows: recipe.evaluation.rows,
    maskId: specialId(prepared.tokenizer, "<mask>"),
    masking: maskingOf(recipe, prepared.tokenizer),
    seed: recipe.seed,
  };
  const microbatchSize = await chooseMicrobatch(recipe, config, prepared, context);
  const trained = await pretrain({ recipe, folder, prepared, config, microbatchSize, kernels, heldOut }, context);
  try {
    await saveModel(files.model, { params: trained.params, config, tokenizer: prepared.tokenizer });
    const { progress, evaluationMs, checkpointMs } = trained;
    const summary: RunSummary = {
      parameters: parameterCount(config),
      flopsPerToken: countFlops(config, recipe.rows.seqLength).perToken,
      microbatches: progress.microbatch,
      steps: progress.step,
      tokens: progress.tokens,
      elapsedMs: progress.elapsedMs,
      evaluationMs,
      checkpointMs,
      peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
      backend: compute.description,
      hardware: `${cpus().length} x ${cpus()[0]?.model.trim() ?? "unknown processor"}`,
      node: process.versions.node,
      rowsPrepared: prepared.training.rowCount,
      epochs: progress.examples / prepared.training.rowCount,
    };
    await writeJson(files.summary, summary);
    context.onProgress({ stage: "evaluating", done: 0, total: 3, unit: "predictors" });
    await writeJson(files.masked, await scoreAll(trained.params, config, recipe, prepared, heldOut, context));
    if (recipe.evaluation.probes.trials > 0) {
      const id = `${recipe.name} ${progress.microbatch}`;
      const model = { id, params: trained.params, config, tokenizer: prepared.tokenizer, kernels };
      await writeJson(files.probes, await runProbes(recipe, prepared.heldOutTexts, model, files.probeTrials, context));
    }
  } finally {
    disposeTensors(trained.params);
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
