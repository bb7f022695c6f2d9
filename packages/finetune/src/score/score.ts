import {
  calibration,
  classScores,
  confusionMatrix,
  createMetric,
  entityScores,
  labelScores,
  rocAuc,
  rocAucOfClasses,
} from "@cramkit/metrics";
import type { Task, TaskKind } from "../examples/task.ts";
import { largest, sigmoid, softmax, tagsOfWords } from "./predictions.ts";

/** What the dev set says of a model. Scores are shares (0 to 1) or correlations. */
export interface Evaluation {
  readonly rows: number;
  /** The mean loss; of tags over words. */
  readonly loss: number;
  /** By name; `mainScore` tells which one counts. NaN if nothing can be said. */
  readonly scores: Readonly<Record<string, number>>;
}

/** The score by which an epoch is the best one. */
export const mainScore: Readonly<Record<TaskKind, string>> = {
  classes: "accuracy",
  labels: "f1Micro",
  score: "pearson",
  tags: "f1",
  embedding: "mrr",
};

/** The outputs of a row beside what they should be: a class number, label numbers, a score, or tags. */
export interface Scored {
  /** `[outputs]`, of tags `[words * outputs]`, NaN for a word that was cut off. */
  readonly values: ArrayLike<number>;
  readonly target: number | readonly number[] | readonly string[];
}

/** Scores the outputs of all rows of a set. */
export const evaluationOf = (task: Task, rows: readonly Scored[]): Evaluation => {
  const scores: Record<string, number> = {};
  let [loss, counted] = [0, 0];
  const add = (value: number) => {
    loss += value;
    counted++;
  };
  if (task.kind === "classes") {
    const classes = task.labels.length;
    const targets = rows.map(({ target }) => target as number);
    const shares = rows.map(({ values }) => softmax(values));
    const predictions = shares.map(largest);
    const matrix = confusionMatrix(targets, predictions, classes);
    const { macro, weighted } = classScores(matrix);
    const matthews = createMetric("matthews");
    targets.forEach((target, i) => {
      matthews.add(predictions[i]!, target);
      add(-Math.log(Math.max(shares[i]![target]!, 1e-30)));
    });
    const right = targets.map((target, i) => target === predictions[i]);
    scores.accuracy = right.filter(Boolean).length / Math.max(1, rows.length);
    scores.f1Macro = macro.f1;
    scores.f1Weighted = weighted.f1;
    scores.matthews = matthews.value();
    scores.rocAuc =
      classes === 2
        ? rocAuc(
            targets,
            shares.map((row) => row[1]!),
          )
        : rocAucOfClasses(targets, shares.flat(), classes);
    scores.calibrationError = calibration(
      shares.map((row) => Math.min(1, Math.max(...row))),
      right,
    ).error;
  } else if (task.kind === "labels") {
    const targets = rows.map(({ target }) => target as readonly number[]);
    const shares = rows.map(({ values }) => Array.from(values, sigmoid));
    const predictions = shares.map((row) => row.flatMap((share, i) => (share >= 0.5 ? [i] : [])));
    const { micro, macro, subsetAccuracy } = labelScores(targets, predictions, task.labels.length);
    for (const [i, row] of shares.entries())
      for (const [k, share] of row.entries())
        add(-Math.log(Math.max(targets[i]!.includes(k) ? share : 1 - share, 1e-30)));
    Object.assign(scores, { f1Micro: micro.f1, f1Macro: macro.f1, subsetAccuracy });
  } else if (task.kind === "score") {
    const [pearson, spearman] = [createMetric("pearson"), createMetric("spearman")];
    let absolute = 0;
    for (const { values, target } of rows) {
      const difference = values[0]! - (target as number);
      pearson.add(values[0]!, target as number);
      spearman.add(values[0]!, target as number);
      absolute += Math.abs(difference);
      add(difference ** 2);
    }
    const meanAbsoluteError = absolute / Math.max(1, rows.length);
    Object.assign(scores, { pearson: pearson.value(), spearman: spearman.value(), meanAbsoluteError });
  } else {
    const targets = rows.map(({ target }) => target as readonly string[]);
    const got = rows.map(({ values }, i) => tagsOfWords(task, values, targets[i]!.length).tags);
    const { micro, macro } = entityScores(targets, got);
    let [right, words] = [0, 0];
    for (const [i, { values }] of rows.entries())
      for (const [word, tag] of targets[i]!.entries()) {
        words++;
        if (tag === got[i]![word]) right++;
        const k = task.labels.indexOf(tag);
        const row = Array.from(task.labels, (_, j) => values[word * task.labels.length + j]!);
        if (!Number.isNaN(row[0])) add(-Math.log(Math.max(softmax(row)[k]!, 1e-30)));
      }
    Object.assign(scores, {
      f1: micro.f1,
      precision: micro.precision,
      recall: micro.recall,
      f1Macro: macro.f1,
      wordAccuracy: right / Math.max(1, words),
    });
  }
  return { rows: rows.length, loss: loss / Math.max(1, counted), scores };
};
