import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createMetric, type MetricName, metricNames } from "./create-metric.ts";

// Expected values: scikit-learn 1.2.1 (accuracy_score, f1_score with zero_division=0, matthews_corrcoef; F1 of class 1 of
// several is f1_score(labels=[1], average="micro")) and scipy 1.10.1 (pearsonr, spearmanr) on exactly these vectors.
const classes: Record<
  string,
  [prediction: number[], target: number[], accuracy: number, f1: number, matthews: number]
> = {
  "two classes": [
    [0, 1, 1, 0, 1, 1, 0, 1, 0, 0, 1, 1],
    [0, 1, 0, 0, 1, 1, 1, 1, 0, 1, 1, 0],
    0.6666666666666666,
    0.7142857142857143,
    0.3142857142857143,
  ],
  anticorrelated: [[0, 0, 1, 1, 1], [1, 1, 0, 0, 1], 0.2, 0.3333333333333333, -0.6666666666666666],
  "all wrong": [[0, 1, 0, 1], [1, 0, 1, 0], 0, 0, -1],
  "all right": [[0, 1, 1, 0], [0, 1, 1, 0], 1, 1, 1],
  "one class predicted": [[1, 1, 1, 1, 1], [0, 1, 1, 0, 1], 0.6, 0.7499999999999999, 0],
  "the other class predicted": [[0, 0, 0, 0, 0], [0, 1, 1, 0, 1], 0.4, 0, 0],
  "one class present": [[0, 1, 1, 0], [1, 1, 1, 1], 0.5, 0.6666666666666666, 0],
  "one class in both": [[1, 1, 1], [1, 1, 1], 1, 1, 0],
  "the negative class in both": [[0, 0, 0], [0, 0, 0], 1, 0, 0],
  "three classes": [
    [0, 1, 2, 2, 1, 0, 1, 2, 0, 0, 2],
    [0, 2, 2, 1, 1, 0, 1, 2, 1, 0, 0],
    0.6363636363636364,
    0.5714285714285715,
    0.4625,
  ],
  "three classes, one never predicted": [
    [0, 0, 2, 2, 0, 2],
    [0, 1, 2, 1, 0, 2],
    0.6666666666666666,
    0,
    0.5773502691896257,
  ],
  "a gap between the classes": [[0, 0, 5, 5], [0, 5, 5, 0], 0.5, 0, 0],
};
const values: Record<string, [prediction: number[], target: number[], pearson: number, spearman: number]> = {
  "no ties": [[2.5, 0.1, 4.9, 3.3, 1.2], [2, 0.5, 5, 3, 1], 0.9818971142308053, 1],
  "ties in both": [[1, 2, 2, 3, 3, 3, 4.5, 0], [0, 1, 1, 1, 2.5, 3, 3, 0], 0.866081054261698, 0.904476946044866],
  "ties across the order": [[3, 1, 2, 2, 1, 3, 3], [1, 1, 5, 5, 2, 2, 0], -0.21426863360223208, -0.3108114759543246],
  negative: [[1, 2, 3, 4], [8, 6.5, 6.4, -1], -0.8638506064380329, -1],
  "far from zero": [
    [1e8 + 1, 1e8 + 2, 1e8 + 4, 1e8 + 3, 1e8 + 7],
    [1e-8, 2e-8, 2.5e-8, 4e-8, 3e-8],
    0.5342072242964951,
    0.7,
  ],
  "two rows": [[1, 2], [5, 3], -1, -1],
  // scipy has nan for these two.
  "constant predictions": [[2.5, 2.5, 2.5], [1, 2, 3], 0, 0],
  "constant targets": [[1, 2, 3], [2.5, 2.5, 2.5], 0, 0],
};

describe("metrics over classes", () => {
  it.each(Object.entries(classes))("%s", (_, [prediction, target, accuracy, f1, matthews]) => {
    expect(measured("accuracy", prediction, target)).toBeCloseTo(accuracy, 14);
    expect(measured("f1", prediction, target)).toBeCloseTo(f1, 14);
    expect(measured("matthews", prediction, target)).toBeCloseTo(matthews, 14);
  });

  it("agree with scikit-learn on 2000 rows", () => {
    const [prediction, target] = generated(2);
    expect(measured("accuracy", prediction, target)).toBeCloseTo(0.6565, 13);
    expect(measured("f1", prediction, target)).toBeCloseTo(0.6600692726373082, 13);
    expect(measured("matthews", prediction, target)).toBeCloseTo(0.31384704936513036, 13);
    expect(measured("matthews", ...generated(7))).toBeCloseTo(0.335219165123994, 13);
  });

  it("take the mean of the F1 of each class that occurs", () => {
    const three = classes["three classes"]!;
    // By hand: 3 right of 4 predicted and 4 present, 2 of 3 and 4, 2 of 4 and 3.
    expect(measured("macro-f1", three[0], three[1])).toBeCloseTo((6 / 8 + 4 / 7 + 4 / 7) / 3, 14);
    // A class that is never predicted counts with 0, one that never occurs does not count.
    expect(measured("macro-f1", [0, 0, 2, 2, 0, 2], [0, 1, 2, 1, 0, 2])).toBeCloseTo((4 / 5 + 0 + 4 / 5) / 3, 14);
    expect(measured("macro-f1", [0, 0, 5, 5], [0, 5, 5, 0])).toBeCloseTo(0.5, 14);
    const [prediction, target] = generated(7);
    const each = [0, 1, 2, 3, 4, 5, 6].map((positive) =>
      measured(
        "f1",
        ...([prediction, target].map((list) => list.map((x) => Number(x === positive))) as [number[], number[]]),
      ),
    );
    expect(measured("macro-f1", prediction, target)).toBeCloseTo(each.reduce((a, b) => a + b) / 7, 13);
  });

  it("refuse what is no class", () => {
    expect(() => createMetric("f1").add(0.5, 1)).toThrow(/expected a class number/);
    expect(() => createMetric("matthews").add(Number.NaN, 1)).toThrow(/got NaN/);
  });
});

describe("correlations", () => {
  it.each(Object.entries(values))("%s", (_, [prediction, target, pearson, spearman]) => {
    expect(measured("pearson", prediction, target)).toBeCloseTo(pearson, 14);
    expect(measured("spearman", prediction, target)).toBeCloseTo(spearman, 14);
  });

  it("agree with scipy on 2000 rows full of ties", () => {
    expect(measured("pearson", ...generated(7))).toBeCloseTo(0.31102516777590683, 12);
    expect(measured("spearman", ...generated(7))).toBeCloseTo(0.31055772190318526, 12);
  });

  it("refuse what is not finite", () => {
    expect(() => createMetric("pearson").add(Number.NaN, 1)).toThrow(/expected a finite number, got NaN/);
    expect(() => createMetric("spearman").add(1, Number.POSITIVE_INFINITY)).toThrow(/got Infinity/);
  });

  it("do not change under a shift and a positive scale", () => {
    const pairs = fc.array(fc.tuple(fc.integer({ min: -99, max: 99 }), fc.integer({ min: -99, max: 99 })), {
      minLength: 2,
    });
    fc.assert(
      fc.property(pairs, fc.integer({ min: 1, max: 9 }), fc.integer({ min: -9, max: 9 }), (rows, scale, shift) => {
        const prediction = rows.map(([p]) => p);
        const target = rows.map(([, t]) => t);
        for (const name of ["pearson", "spearman"] as const) {
          const moved = prediction.map((p) => p * scale + shift);
          expect(measured(name, moved, target)).toBeCloseTo(measured(name, prediction, target), 10);
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe("every metric", () => {
  it.each(metricNames)("%s has a value before the first row, and may be read at any time", (name) => {
    const metric = createMetric(name);
    expect(metric.value()).toBe(0);
    metric.add(1, 1);
    expect(Number.isFinite(metric.value())).toBe(true);
    metric.add(0, 0);
    expect(metric.value()).toBeCloseTo(1, 12);
  });

  it("has a known name", () => {
    for (const name of ["constructor", "toString", "__proto__"])
      expect(() => createMetric(name as MetricName)).toThrow(/createMetric: expected one of accuracy/);
    expect(() => createMetric("bleu" as MetricName)).toThrow(
      "expected one of accuracy, f1, macro-f1, matthews, pearson, spearman",
    );
  });
});

const measured = (name: MetricName, prediction: readonly number[], target: readonly number[]): number => {
  const metric = createMetric(name);
  for (const [i, each] of prediction.entries()) metric.add(each, target[i]!);
  return metric.value();
};

/** 2000 rows of two linear congruential sequences; a third of the targets are copied from the predictions. */
const generated = (classes: number): [prediction: number[], target: number[]] => {
  let [a, b] = [1, 2];
  const prediction: number[] = [];
  const target: number[] = [];
  for (let i = 0; i < 2000; i++) {
    a = (Math.imul(a, 1664525) + 1013904223) >>> 0;
    b = (Math.imul(b, 1664525) + 1013904223) >>> 0;
    const p = (a >>> 16) % classes;
    prediction.push(p);
    target.push((b >>> 8) % 3 ? (b >>> 16) % classes : p);
  }
  return [prediction, target];
};
