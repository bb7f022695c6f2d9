import type { TrialResult } from "../trials/results.ts";
import { partialData, summarize } from "./summary.ts";
import type { Table } from "./table.ts";

/** Every task, probes too, with every metric: median, range over the trials, majority class, rows and speed. */
export const trialTable = (results: readonly TrialResult[]): Table => {
  const sets = summarize(results);
  const rows = sets.flatMap((set) =>
    set.task.metrics.map((metric, i) => {
      const { median, min, max, trials } = set.metrics[metric]!;
      const name = set.task.probe ? `${set.column} (probe)` : set.column;
      return [
        i === 0 ? name : "",
        metric,
        `${percent(median)}${partialData(set) ? "*" : ""}`,
        trials.length > 1 ? percent(min) : "–",
        trials.length > 1 ? percent(max) : "–",
        String(trials.length),
        percent(set.majority[metric]!),
        String(set.train.rows),
        String(set.rows),
        set.fitExamplesPerSecond.toFixed(0),
        set.evaluateExamplesPerSecond.toFixed(0),
      ];
    }),
  );
  const partial = sets.flatMap((set) => partialData(set) ?? []);
  return {
    columns: ["task", "metric", "median", "min", "max", "trials", "majority", "train", "dev", "train/s", "dev/s"],
    rows,
    notes: [
      ...(partial.length > 0 ? [`* from partial data: ${partial.join("; ")} rows.`] : []),
      ...new Set(sets.flatMap(({ notes }) => notes)),
    ],
  };
};

const percent = (value: number): string => {
  return (100 * value).toFixed(1);
};
