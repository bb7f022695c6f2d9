import type { InputBatch, Padding } from "../encode/batches.ts";
import type { EncodedExample } from "../encode/encode.ts";
import { outputsOf, type Task } from "../examples/task.ts";
import { outputsOfRows } from "./outputs.ts";
import { type Evaluation, evaluationOf, type Scored } from "./score.ts";

const batchSize = 32;

/** Scores a set. `scale`: what the outputs of a regression are times, and plus. */
export const evaluateRows = async (
  task: Task,
  rows: readonly (EncodedExample & Pick<Scored, "target">)[],
  {
    padding,
    forward,
    scale: { mean, deviation },
    afterBatch,
  }: {
    padding: Padding;
    forward: (batch: InputBatch) => Promise<ArrayLike<number>>;
    scale: { mean: number; deviation: number };
    afterBatch: (rows: number) => Promise<void>;
  },
): Promise<{ scored: Scored[]; evaluation: Evaluation }> => {
  const outputs = await outputsOfRows(outputsOf(task), rows, { batchSize, padding, forward, afterBatch });
  const scored = rows.map(({ target }, i) => ({
    values: task.kind === "score" ? outputs[i]!.map((value) => value * deviation + mean) : outputs[i]!,
    target,
  }));
  return { scored, evaluation: evaluationOf(task, scored) };
};
