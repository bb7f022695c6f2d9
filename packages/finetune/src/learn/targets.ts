import type { EncodedExample } from "../encode/encode.ts";
import type { Example, Span } from "../examples/example.ts";
import { tagsOf } from "../examples/spans.ts";
import { namesIn, type Task } from "../examples/task.ts";
import type { Scored } from "../score/score.ts";
import type { Scale } from "./regression-scale.ts";

/** An example as tokens, with what its outputs should be. */
export interface TargetRow extends EncodedExample {
  readonly target: Scored["target"];
}

/** The target of an encoded example, and how many of its spans do not lie on the borders of words. */
export const targetOf = (
  task: Task,
  example: Example,
  row: EncodedExample,
): { target: Scored["target"]; widened: number; lost: number } => {
  if (task.kind === "tags") {
    const { tags, ...counts } = tagsOf(row.words ?? [], example.label as readonly Span[]);
    return { target: tags, ...counts };
  }
  const none = { widened: 0, lost: 0 };
  if (task.kind === "score") return { target: example.label as number, ...none };
  const numbers = namesIn(task.kind, example).map((name) => task.labels.indexOf(name));
  return { target: task.kind === "classes" ? numbers[0]! : numbers, ...none };
};

/** A batch's targets as its loss takes them. */
export const batchTargets = (
  task: Task,
  rows: readonly TargetRow[],
  seqLength: number,
  { mean, deviation }: Scale,
): Float32Array => {
  const { kind, labels } = task;
  if (kind === "classes") return Float32Array.from(rows, ({ target }) => target as number);
  if (kind === "score") return Float32Array.from(rows, ({ target }) => ((target as number) - mean) / deviation);
  if (kind === "labels") {
    const targets = new Float32Array(rows.length * labels.length);
    for (const [i, { target }] of rows.entries())
      for (const label of target as readonly number[]) targets[i * labels.length + label] = 1;
    return targets;
  }
  const targets = new Float32Array(rows.length * seqLength).fill(-100);
  for (const [i, { target, positions }] of rows.entries())
    for (const [word, tag] of (target as readonly string[]).entries()) {
      const position = positions![word]!;
      // Two words may share a token: the first one has it.
      if (position >= 0 && targets[i * seqLength + position] === -100)
        targets[i * seqLength + position] = labels.indexOf(tag);
    }
  return targets;
};

/** `rows / (classes * rows of the class)`, as scikit-learn balances. */
export const balancedWeights = (task: Task, rows: readonly TargetRow[]): number[] => {
  const counts = task.labels.map(() => 0);
  for (const { target } of rows) counts[target as number]!++;
  return counts.map((count) => rows.length / (task.labels.length * Math.max(1, count)));
};
