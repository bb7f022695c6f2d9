import { checkOptions, fault } from "@cramkit/errors";
import { strToU8, type Zippable, zipSync } from "fflate";
import { type GlueTask, glueNames, glueTasks, type SplitLayout } from "../tasks/glue-tasks.ts";
import type { TrialResult } from "../trials/results.ts";

export interface SubmissionOptions {
  /**
   * Fill the file of a task without predictions with one constant label; the server wants all eleven files.
   * @defaultValue `false`
   */
  fillMissing?: boolean;
}

export interface Submission {
  /** A zip archive for gluebenchmark.com. */
  readonly zip: Uint8Array;
  readonly files: readonly { readonly name: string; readonly rows: number; readonly from: string }[];
}

/**
 * The archive that the GLUE server takes: one `index, prediction` table a test set, no folder. Of each task it takes the
 * trial with the best mean score on the dev sets. Run the tasks with `tests: true` before.
 */
export const submission = (results: readonly TrialResult[], options: SubmissionOptions = {}): Submission => {
  checkOptions("submission", options, { fillMissing: true });
  const { fillMissing = false } = options;
  const entries: Zippable = {};
  const files: { name: string; rows: number; from: string }[] = [];
  const missing: string[] = [];
  for (const name of glueNames) {
    const glue = glueTasks[name];
    const trial = best(results.filter(({ task }) => task.name === name));
    for (const split of glue.tests) {
      const predictions = trial?.tests?.find(({ column }) => column === split.column);
      if (!predictions) missing.push(split.column);
      if (!predictions && !fillMissing) continue;
      const values = predictions?.values ?? new Array<number>(split.rows).fill(0);
      if (values.length !== split.rows)
        throw fault({
          code: "invalid-argument",
          place: "submission",
          problem: `expected ${split.rows} predictions for ${split.column}, got ${values.length}`,
          remedy:
            "the server takes the complete test set only: read it complete, or leave the task out and pass fillMissing",
          type: RangeError,
        });
      entries[`${split.column}.tsv`] = strToU8(tableOf(glue, split, values));
      files.push({
        name: `${split.column}.tsv`,
        rows: values.length,
        from: predictions ? `trial ${trial!.trial}` : "a constant",
      });
    }
  }
  if (missing.length > 0 && !fillMissing)
    throw fault({
      code: "invalid-argument",
      place: "submission",
      problem: `expected predictions for all test sets, got none for ${missing.join(", ")}`,
      remedy: "run those tasks with their test sets, or pass fillMissing for a constant in their place",
    });
  // The same predictions give the same bytes.
  return { zip: zipSync(entries, { mtime: new Date(1980, 0, 1) }), files };
};

const tableOf = ({ task, written }: GlueTask, split: SplitLayout, values: readonly number[]): string => {
  const rows = values.map((value, index) => {
    if (!Number.isFinite(value))
      throw fault({
        code: "invalid-argument",
        place: "submission",
        problem: `expected finite predictions for ${split.column}, got ${value} in row ${index}: the trial diverged`,
        remedy: "run it again with another seed or a lower learning rate",
        type: RangeError,
      });
    const clamped = Math.min(5, Math.max(0, value));
    const label =
      task.labels.length === 0 ? clamped.toFixed(3) : written === "names" ? task.labels[value]! : String(value);
    return `${index}\t${label}\n`;
  });
  return `index\tprediction\n${rows.join("")}`;
};

const best = (trials: readonly TrialResult[]): TrialResult | undefined => {
  const score = ({ task, evaluations }: TrialResult) =>
    evaluations.reduce((sum, { scores }) => sum + scores[task.metrics[0]]!, 0);
  return trials.reduce<TrialResult | undefined>(
    (found, trial) => (found && score(found) >= score(trial) ? found : trial),
    undefined,
  );
};
