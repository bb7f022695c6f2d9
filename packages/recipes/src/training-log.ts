import type { Progress } from "@cramkit/trainer";
import { type MetricsRow, openEventLog, openMetrics } from "@cramkit/trainer/node";
import { runFiles } from "./run-record.ts";

/** Rows of `metrics.jsonl` for a whole run, at most, besides those with a held-out loss. */
const rowsOfARun = 2_000;

export interface TrainingLog {
  /** Takes one microbatch; every now and then it becomes a row, with the mean loss since the last one. */
  add(
    progress: Progress,
    loss: number,
    details: () => Promise<Record<string, number>>,
  ): Promise<MetricsRow | undefined>;
  heldOut(progress: Progress, loss: number): Promise<void>;
  close(): Promise<void>;
}

/** Opens the metrics of a run, as JSON lines and as TensorBoard events, behind what is kept of an earlier session. */
export const openTrainingLog = async (folder: string, from: Progress): Promise<TrainingLog> => {
  const files = runFiles(folder);
  const metrics = await openMetrics(files.metrics, { microbatch: from.microbatch });
  const events = await openEventLog(files.events, { step: from.microbatch });
  const slot = (progress: Progress) => Math.floor(progress.fraction * rowsOfARun);
  let last = from;
  let [sum, count] = [0, 0];
  return {
    async add(progress, loss, details) {
      sum += loss;
      count++;
      if (slot(progress) === slot(last)) return undefined;
      const seconds = (progress.elapsedMs - last.elapsedMs) / 1000;
      const scalars = {
        loss: sum / count,
        ...(await details()),
        tokensPerSecond: (progress.tokens - last.tokens) / seconds,
      };
      const row: MetricsRow = { ...progress, ...finiteOrNull(scalars) };
      [sum, count, last] = [0, 0, progress];
      await metrics.append(row);
      await events.append(progress.microbatch, scalars);
      return row;
    },
    async heldOut(progress, loss) {
      await metrics.append({ ...progress, ...finiteOrNull({ heldOutLoss: loss }) });
      await events.append(progress.microbatch, { heldOutLoss: loss });
    },
    async close() {
      await metrics.close();
      await events.close();
    },
  };
};

/** JSON has no NaN. */
const finiteOrNull = (scalars: Record<string, number>): Record<string, number | null> =>
  Object.fromEntries(Object.entries(scalars).map(([name, value]) => [name, Number.isFinite(value) ? value : null]));
