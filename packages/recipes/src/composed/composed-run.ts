import { resolve } from "node:path";
import { makeFolder } from "@cramkit/files";
import type { Progress } from "@cramkit/trainer";
import { type MetricsRow, readMetrics } from "@cramkit/trainer/node";
import { runOf } from "../open/find-model.ts";
import { type RunRecord, readJson, readRun, runFiles, writeJson } from "../run-record.ts";
import { openTrainingLog } from "../train/log.ts";

/** What a report says of a run that no recipe made. Anything else in it is listed under its settings. */
export interface RunDescription {
  readonly name: string;
  readonly description: string;
  readonly [setting: string]: unknown;
}

/** What the folder of a run that was composed by hand holds. */
export interface ComposedRun {
  readonly folder: string;
  readonly recipe: RunDescription;
  readonly metrics: readonly MetricsRow[];
  /** @defaultValue always absent: only runs of recipes are summed up */
  readonly summary?: undefined;
  /** @defaultValue always absent: only runs of recipes are evaluated */
  readonly masked?: undefined;
  /** @defaultValue always absent: only runs of recipes are probed */
  readonly probes?: undefined;
}

/** A run that `cramkit report` can show: of a recipe, or composed by hand. */
export type ReportedRun = RunRecord | ComposedRun;

export interface ComposedLogOptions extends RunDescription {
  /**
   * Where the run goes on from: later rows are dropped, as they will be written again.
   *
   * @defaultValue the beginning
   */
  readonly from?: Progress;
  /**
   * Floating-point operations of a token, forward and backward, for the report's compute.
   *
   * @defaultValue unknown: the report shows none
   */
  readonly flopsPerToken?: number;
  /**
   * Told if metrics cannot be written; the training can go on without them.
   *
   * @defaultValue `console.warn`
   */
  readonly say?: (line: string) => void;
}

export interface ComposedLog {
  /**
   * Takes what one microbatch did. At most 2,000 rows are written in a run; only then is the loss waited for.
   * `details` are further columns, such as `learningRate`, `gradientNorm` or `batchSize`.
   */
  add(step: { progress: Progress; loss: Promise<number> }, details?: Readonly<Record<string, number>>): Promise<void>;
  /** Adds a loss on held-out text. */
  heldOut(progress: Progress, loss: number): Promise<void>;
  close(): Promise<void>;
}

const beginning: Progress = { microbatch: 0, step: 0, examples: 0, tokens: 0, elapsedMs: 0, fraction: 0 };

/**
 * Makes a folder with the metrics of a run that was composed by hand, as JSON lines and TensorBoard events, so that
 * `cramkit report FOLDER` and `cramkit watch FOLDER` show it as they show the run of a recipe.
 */
export const openComposedLog = async (folder: string, options: ComposedLogOptions): Promise<ComposedLog> => {
  const { from = beginning, flopsPerToken, say = console.warn, ...description } = options;
  await makeFolder(folder);
  await writeJson(runFiles(folder).composed, description);
  const log = await openTrainingLog({ folder, from, flopsPerToken, peakFlops: null, say });
  return {
    add: async ({ progress, loss }, details = {}) => void (await log.add(progress, loss, async () => ({ ...details }))),
    heldOut: log.heldOut,
    close: log.close,
  };
};

/** Reads what the folder of a run holds, whether a recipe made it or you did. */
export const readReportedRun = async (folder: string): Promise<ReportedRun> => {
  const files = runFiles(folder);
  const recipe = await readJson(files.composed);
  if (recipe === undefined) return readRun(await runOf(folder));
  return { folder: resolve(folder), recipe: recipe as RunDescription, metrics: await readMetrics(files.metrics) };
};
