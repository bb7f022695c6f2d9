import { registerGradients } from "@cramkit/ops";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { beforeAll, describe, expect, it } from "vitest";
import { type MaskedLossName, maskedLossNames, meanLoss } from "./losses.ts";
import { normals } from "./testing/normals.testing.ts";

beforeAll(async () => {
  await tf.setBackend("cpu");
  registerGradients();
});

const words = 6;
const targets = [2, 0, 5, 3];

/** By their definitions in float64, over rows of probabilities and of logits. */
const definitions: Record<MaskedLossName, (logits: number[][]) => number> = {
  "cross-entropy": (logits) => mean(logits.map((row, i) => -Math.log(softmax(row)[targets[i]!]!))),
  focal: (logits) =>
    mean(
      logits.map((row, i) => {
        const p = softmax(row)[targets[i]!]!;
        return -((1 - p) ** 5) * Math.log(p);
      }),
    ),
  incorrect: (logits) => {
    const losses = logits.flatMap((row, i) =>
      row.indexOf(Math.max(...row)) === targets[i] ? [] : [-Math.log(softmax(row)[targets[i]!]!)],
    );
    return losses.length === 0 ? 0 : mean(losses);
  },
  "squared-error": (logits) =>
    mean(differences(logits, Math.sqrt(words)).map((row) => sum(row.map((d) => d ** 2)) / (2 * words ** 1.5))),
  "absolute-error": (logits) =>
    mean(differences(logits, words).map((row) => sum(row.map(Math.abs)) / Math.sqrt(words))),
};

const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
const mean = (values: number[]): number => sum(values) / values.length;
const softmax = (row: number[]): number[] => row.map((x) => Math.exp(x) / sum(row.map(Math.exp)));
/** To a row that is `size` at the target and 0 elsewhere. */
const differences = (logits: number[][], size: number): number[][] =>
  logits.map((row, i) => row.map((x, word) => x - (word === targets[i] ? size : 0)));

/** The last row is right. */
const spread = Array.from({ length: 4 }, (_, i) => [...normals(words, 2, "logits", i)]).with(3, [0, -1, 0.5, 4, 1, 0]);
const settled = targets.map((target) => Array.from({ length: words }, (_, word) => (word === target ? 30 : 0.5)));

describe.each(maskedLossNames)("%s", (name) => {
  const lossOf = (logits: tf.Tensor) => meanLoss(name, logits, tf.tensor1d(targets, "int32")) as tf.Scalar;

  it.each([
    ["of any logits", spread],
    ["where all is learned", settled],
  ])("has the value and the gradient of its definition %s", (_, logits) => {
    const before = tf.memory().numTensors;
    const { value, grad } = tf.tidy(() => tf.valueAndGrad(lossOf)(tf.tensor2d(logits)));
    expect(value.dataSync()[0]).toBeCloseTo(definitions[name](logits), 5);
    const found = grad.arraySync() as number[][];
    const largest = Math.max(...found.flat().map(Math.abs), 1e-2);
    logits.forEach((row, i) => {
      row.forEach((_, word) => {
        const at = (change: number) => definitions[name](logits.with(i, row.with(word, row[word]! + change)));
        const wanted = (at(1e-5) - at(-1e-5)) / 2e-5;
        expect(Math.abs(found[i]![word]! - wanted) / largest, `row ${i}, word ${word}`).toBeLessThan(1e-4);
      });
    });
    tf.dispose([value, grad]);
    expect(tf.memory().numTensors).toBe(before);
  });
});
