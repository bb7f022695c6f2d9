import type { MetricName } from "@cramkit/metrics";
import type { Task } from "../tasks/task.ts";
import type { TrialResult } from "../trials/results.ts";

/** A score over the trials of a task. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** In the order of the trials. */
  readonly trials: readonly number[];
}

/** What the trials of a task say of one evaluation set. */
export interface SetSummary {
  readonly task: Task;
  readonly column: string;
  readonly metrics: Readonly<Partial<Record<MetricName, Spread>>>;
  readonly majority: Readonly<Partial<Record<MetricName, number>>>;
  readonly rows: number;
  /** @defaultValue absent if the set is not a published one */
  readonly officialRows?: number;
  readonly train: TrialResult["train"];
  readonly epochs: number;
  readonly protocol: string;
  /** Trials with predictions that were not finite, which score 0. */
  readonly diverged: number;
  readonly fitExamplesPerSecond: number;
  readonly evaluateExamplesPerSecond: number;
  readonly notes: readonly string[];
}

/** Groups trials by task and evaluation set, in the order in which they come. */
export const summarize = (results: readonly TrialResult[]): SetSummary[] => {
  return [...groups(results).values()].flatMap((trials) => {
    const first = trials[0]!;
    return first.evaluations.map(({ column, rows, officialRows }, set): SetSummary => {
      const evaluations = trials.map(({ evaluations }) => evaluations[set]!);
      const metrics = first.task.metrics.map((name) => [name, spread(evaluations.map(({ scores }) => scores[name]!))]);
      return {
        task: first.task,
        column,
        metrics: Object.fromEntries(metrics),
        majority: first.majority[set]!.scores,
        rows,
        officialRows,
        train: first.train,
        epochs: first.identity.protocol.epochs,
        protocol: first.identity.protocol.name,
        diverged: evaluations.filter(({ nonFinite }) => nonFinite > 0).length,
        fitExamplesPerSecond: median(trials.map((trial) => trial.fitExamplesPerSecond)),
        evaluateExamplesPerSecond: median(trials.map((trial) => trial.evaluateExamplesPerSecond)),
        notes: first.notes ?? [],
      };
    });
  });
};

/** What of the summary was not the complete published set, in words; undefined if all of it was. */
export const partialData = ({ column, rows, officialRows, train }: SetSummary): string | undefined => {
  const part = (name: string, rows: number, official: number | undefined) =>
    official !== undefined && rows < official ? [`${name} ${rows} of ${official}`] : [];
  const parts = [...part("train", train.rows, train.officialRows), ...part("dev", rows, officialRows)];
  return parts.length > 0 ? `${column}: ${parts.join(", ")}` : undefined;
};

const groups = (results: readonly TrialResult[]): Map<string, TrialResult[]> => {
  const map = new Map<string, TrialResult[]>();
  for (const result of results) map.set(result.task.name, [...(map.get(result.task.name) ?? []), result]);
  return map;
};

const spread = (trials: number[]): Spread => {
  return { median: median(trials), min: Math.min(...trials), max: Math.max(...trials), trials };
};

/** Of an even number of values, the mean of the middle two. */
const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};
