import { problemOf } from "@cramkit/errors";
import type { Progress } from "@cramkit/trainer";
import { type MetricsRow, openEventLog, openMetrics } from "@cramkit/trainer/node";
import { runFiles } from "../run-record.ts";

/** Rows of `metrics.jsonl` for a whole run, at most, besides those with a held-out loss. */
const rowsOfARun = 2_000;

export interface TrainingLogOptions {
  /** The run's folder. */
  readonly folder: string;
  /** Where the run stands: rows after it are dropped, they will be written again. */
  readonly from: Progress;
  /** Undefined if nobody knows: rows say nothing of compute then. */
  readonly flopsPerToken: number | undefined;
  readonly peakFlops: number | null;
  readonly say: (line: string) => void;
  /**
   * Whether this process has the files: of several ranks one does.
   *
   * @defaultValue `true`
   */
  readonly writes?: boolean;
}

export interface TrainingLog {
  /**
   * Takes one microbatch; every now and then it becomes a row, with the mean loss since the last one. Only then are the
   * losses waited for.
   */
  add(
    progress: Progress,
    loss: Promise<number>,
    details: () => Promise<Record<string, number>>,
  ): Promise<MetricsRow | undefined>;
  heldOut(progress: Progress, loss: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the metrics of a run, as JSON lines and as TensorBoard events, after what is kept of an earlier session. If they
 * cannot be written, the training goes on without them: `say` tells, once.
 */
export const openTrainingLog = async (options: TrainingLogOptions): Promise<TrainingLog> => {
  const { folder, from, flopsPerToken, peakFlops, say, writes = true } = options;
  const files = runFiles(folder);
  const metrics = writes ? await openMetrics(files.metrics, { microbatch: from.microbatch }) : undefined;
  const events = writes ? await openEventLog(files.events, { step: from.microbatch }) : undefined;
  const slot = (progress: Progress) => Math.floor(progress.fraction * rowsOfARun);
  let isFailing = false;
  const write = async (progress: Progress, scalars: Record<string, number>): Promise<MetricsRow> => {
    const row: MetricsRow = { ...progress, ...finiteOrNull(scalars) };
    try {
      await metrics?.append(row);
      await events?.append(progress.microbatch, scalars);
      isFailing = false;
    } catch (error) {
      if (!isFailing) say(`${files.metrics}: ${problemOf(error)}; training continues without metrics`);
      isFailing = true;
    }
    return row;
  };
  let last = from;
  let losses: Promise<number>[] = [];
  return {
    async add(progress, loss, details) {
      losses.push(loss);
      if (slot(progress) === slot(last)) return undefined;
      const values = await Promise.all(losses);
      const seconds = (progress.elapsedMs - last.elapsedMs) / 1000;
      const tokensPerSecond = (progress.tokens - last.tokens) / seconds;
      const flopsPerSecond = flopsPerToken && tokensPerSecond * flopsPerToken;
      const scalars = {
        loss: values.reduce((sum, value) => sum + value, 0) / values.length,
        ...(await details()),
        tokensPerSecond,
        ...(flopsPerSecond !== undefined && { flopsPerSecond }),
        ...(flopsPerSecond !== undefined &&
          peakFlops !== null && { modelFlopsUtilisation: flopsPerSecond / peakFlops }),
      };
      [losses, last] = [[], progress];
      return write(progress, scalars);
    },
    heldOut: async (progress, loss) => void (await write(progress, { heldOutLoss: loss })),
    async close() {
      await metrics?.close();
      await events?.close();
    },
  };
};

/** JSON has no NaN. */
const finiteOrNull = (scalars: Record<string, number>): Record<string, number | null> =>
  Object.fromEntries(Object.entries(scalars).map(([name, value]) => [name, Number.isFinite(value) ? value : null]));
