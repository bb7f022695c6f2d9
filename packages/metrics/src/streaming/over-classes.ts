import { fault } from "@cramkit/errors";
import type { Metric } from "./metric.ts";

/** The share of predictions that equal their target; 0 if there are none. */
export const accuracy = (): Metric => {
  let right = 0;
  let rows = 0;
  return {
    add(prediction, target) {
      if (classOf(prediction) === classOf(target)) right++;
      rows++;
    },
    value: () => (rows === 0 ? 0 : right / rows),
  };
};

/**
 * `F1 = 2 tp / (2 tp + fp + fn)` of one class, by default class 1. If that class is neither predicted nor present it
 * is 0, as in scikit-learn.
 */
export const f1 = ({
  positive = 1,
}: {
  /** @defaultValue `1` */
  positive?: number;
} = {}): Metric => {
  let truePositives = 0;
  let others = 0; // false positives and false negatives
  return {
    add(prediction, target) {
      const predicted = classOf(prediction) === positive;
      const present = classOf(target) === positive;
      if (predicted && present) truePositives++;
      else if (predicted || present) others++;
    },
    value: () => (truePositives === 0 ? 0 : (2 * truePositives) / (2 * truePositives + others)),
  };
};

/** The mean of the F1 of every class that is predicted or present, all alike, as in scikit-learn; 0 if there is none. */
export const macroF1 = (): Metric => {
  const counts = new Map<number, { both: number; either: number }>();
  const of = (label: number) => {
    if (!counts.has(label)) counts.set(label, { both: 0, either: 0 });
    return counts.get(label)!;
  };
  return {
    add(prediction, target) {
      const [p, t] = [of(classOf(prediction)), of(classOf(target))];
      if (p === t) p.both++;
      else for (const count of [p, t]) count.either++;
    },
    value() {
      let sum = 0;
      for (const { both, either } of counts.values()) sum += (2 * both) / (2 * both + either);
      return counts.size === 0 ? 0 : sum / counts.size;
    },
  };
};

/**
 * Matthews correlation for any number of classes (Gorodkin's R_K; with two classes, the phi coefficient):
 * `(n c - sum_k p_k t_k) / sqrt((n^2 - sum_k p_k^2) (n^2 - sum_k t_k^2))` with c right ones of n, and p_k and t_k the
 * times class k was predicted and present. 0 if the predictions or the targets are of one class only.
 */
export const matthews = (): Metric => {
  const predicted: number[] = [];
  const present: number[] = [];
  let right = 0;
  let rows = 0;
  return {
    add(prediction, target) {
      const p = classOf(prediction);
      const t = classOf(target);
      for (let k = predicted.length; k <= Math.max(p, t); k++) predicted[k] = present[k] = 0;
      predicted[p]!++;
      present[t]!++;
      if (p === t) right++;
      rows++;
    },
    value() {
      // Whole numbers below 2^53 up to 94 million rows: exact until the square root.
      const spread = (rows * rows - dot(predicted, predicted)) * (rows * rows - dot(present, present));
      return spread === 0 ? 0 : (rows * right - dot(predicted, present)) / Math.sqrt(spread);
    },
  };
};

const dot = (a: readonly number[], b: readonly number[]): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};

const classOf = (value: number): number => {
  if (Number.isInteger(value) && value >= 0) return value;
  throw fault({
    code: "invalid-argument",
    place: "metric",
    problem: `expected a class number (0, 1, ...), got ${value}`,
    remedy: "pass the index of the largest logit",
    type: RangeError,
  });
};
