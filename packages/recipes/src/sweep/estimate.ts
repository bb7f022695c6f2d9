import { readdir, stat, statfs } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { parameterCount } from "@cramkit/model";
import { readManifest } from "@cramkit/packer/node";
import { allSources, setNames, setsOf } from "../prepare/prepared-folder.ts";
import { budgetLimits } from "../recipe/budget.ts";
import { modelOf } from "../recipe/model-of.ts";
import { trainingOptimizer } from "../recipe/optimizer.ts";
import { spentFlopsPerToken } from "../recipe/optimizer-flops.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { vocabularySize } from "../recipe/tokenizer-options.ts";
import { trainedLength } from "../recipe/trained-length.ts";
import type { PlannedRun, SweepPlan } from "./plan.ts";

/** What is left of a sweep takes about this. */
export interface SweepEstimate {
  /** Of training, in the order of the runs; undefined if nobody knows the speed, or the run cannot be run. */
  readonly seconds: readonly (number | undefined)[];
  /** One run after the other; undefined if that of a run is not known. */
  readonly totalSeconds: number | undefined;
  /** At the fullest moment, for what is not on the disk yet. */
  readonly bytes: number;
  /** Sources of which nobody knows the size before they are read. */
  readonly unknownSources: number;
  /** Free on the disk of the sweep's folder. */
  readonly freeBytes: number;
}

export interface EstimateOptions {
  /** Runs to do. */
  readonly runs: readonly PlannedRun[];
  /** Floating-point operations a second; undefined if nobody knows. */
  readonly flopsPerSecond: number | undefined;
  /** Runs that are done at the same time, in other processes. */
  readonly atOnce: number;
}

/** Estimates the time of training and the disk of the runs that are still to do. */
export const estimateSweep = async (
  { folder, sweep }: SweepPlan,
  { runs, flopsPerSecond, atOnce }: EstimateOptions,
): Promise<SweepEstimate> => {
  const known = runs.flatMap(({ recipe }) => recipe ?? []);
  const seconds = runs.map(({ recipe }) => recipe && trainingSeconds(recipe, flopsPerSecond));
  const total = seconds.reduce<number | undefined>(
    (sum, value, index) =>
      runs[index]!.recipe === undefined ? sum : sum === undefined || value === undefined ? undefined : sum + value,
    0,
  );
  const models = known.map((recipe) => 4 * parametersOf(recipe)).reduce((sum, bytes) => sum + bytes, 0);
  const checkpoints = known.map(checkpointBytes).sort((a, b) => b - a);
  const working = sweep.keepCheckpoints ? checkpoints : checkpoints.slice(0, atOnce);
  let [data, unknownSources] = [0, 0];
  for (const place of new Set(runs.flatMap(({ data }) => data ?? []))) {
    const { recipe } = runs.find((run) => run.data === place)!;
    if (await isPrepared(place, recipe!)) continue;
    for (const source of allSources(recipe!)) {
      if (source.kind !== "files") unknownSources++;
      else for (const path of [source.path].flat()) data += preparedShare * (await bytesBelow(path));
    }
  }
  return {
    seconds,
    totalSeconds: total,
    bytes: models + working.reduce((sum, bytes) => sum + bytes, 0) + data,
    unknownSources,
    freeBytes: await freeBytesAt(folder),
  };
};

/** Tokens that a budget pays for; undefined if it is counted in hours or epochs. */
export const budgetTokens = (recipe: Recipe): number | undefined => {
  const { training, tokenizer } = recipe;
  const perToken = spentFlopsPerToken(modelOf(recipe, vocabularySize(tokenizer)), recipe);
  const { steps, tokens, flops } = budgetLimits(training.budget);
  if (tokens !== undefined) return tokens;
  if (flops !== undefined) return flops / perToken;
  return steps === undefined ? undefined : steps * meanBatch(recipe) * trainedLength(recipe);
};

const trainingSeconds = (recipe: Recipe, flopsPerSecond: number | undefined): number | undefined => {
  const perToken = spentFlopsPerToken(modelOf(recipe, vocabularySize(recipe.tokenizer)), recipe);
  const { hours } = budgetLimits(recipe.training.budget);
  if (hours !== undefined) return 3600 * hours;
  const tokens = budgetTokens(recipe);
  return flopsPerSecond === undefined || tokens === undefined ? undefined : (tokens * perToken) / flopsPerSecond;
};

/** Rows of a step, on average over the budget. */
const meanBatch = (recipe: Recipe): number => {
  const { microbatchSize: asked, batchSize } = recipe.training;
  const plan = trainingOptimizer(recipe, asked === "auto" ? 1 : asked, undefined);
  const points = 64;
  let sum = 0;
  for (let i = 0; i < points; i++) {
    const progress = { microbatch: 0, step: 0, examples: 0, tokens: 0, elapsedMs: 0, fraction: (i + 0.5) / points };
    sum += Math.min(batchSize, plan.batchSize(progress));
  }
  return sum / points;
};

const parametersOf = (recipe: Recipe): number => parameterCount(modelOf(recipe, vocabularySize(recipe.tokenizer)));

/** Tensors of the size of the model that an optimizer keeps; two unless it is listed. */
const moments: Partial<Record<Recipe["training"]["optimizer"]["name"], number>> = {
  adam8bit: 0.51,
  agd: 0,
  adafactor: 0,
  sgd: 1,
  lion: 1,
  lars: 1,
  larc: 1,
  muon: 1,
};

/** All checkpoints that a run has at one time: the newest, the best, and the one that is being written. */
const checkpointBytes = (recipe: Recipe): number => {
  const { training, checkpoints } = recipe;
  const { averaging } = training;
  const averages = averaging === null ? 0 : averaging.kind === "ema" ? 1 : averaging.snapshots;
  // The weights, and the gradients of a batch under way, besides.
  const copies = 2 + (moments[training.optimizer.name] ?? 2) + averages;
  return 4 * parametersOf(recipe) * copies * (checkpoints.keep + 2);
};

/** Bytes that preparing needs for one of text: kept texts and rows of two bytes a token. Measured on English: 1.3 to 1.5. */
const preparedShare = 1.5;

const isPrepared = async (place: string, recipe: Recipe): Promise<boolean> =>
  (await Promise.all(setsOf(recipe).map((set) => readManifest(join(place, setNames[set]))))).every(Boolean);

const bytesBelow = async (path: string): Promise<number> => {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isDirectory()) return found?.size ?? 0;
  let sum = 0;
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) sum += (await stat(join(entry.parentPath, entry.name)).catch(() => undefined))?.size ?? 0;
  return sum;
};

/** Of the disk that a folder lies on, or would lie on. */
const freeBytesAt = async (folder: string): Promise<number> => {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const found = await statfs(at).catch(() => undefined);
    if (found) return found.bavail * found.bsize;
    if (at === dirname(at)) return Number.POSITIVE_INFINITY;
  }
};
