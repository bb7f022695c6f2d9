import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { registerGradients } from "./register-gradients.ts";

/** Scalar-valued functions of one float tensor, with the point at which their gradient is checked. */
const functions: [name: string, f: (x: tf.Tensor) => tf.Tensor, shape: number[], positive?: boolean][] = [
  ["add, broadcast", (x) => tf.add(x, tf.mul(tf.slice(x, [0, 0], [1, 3]), x)), [2, 3]],
  ["sub, div", (x) => tf.div(tf.sub(x, 2), tf.add(x, 3)), [2, 3]],
  ["pow", (x) => tf.pow(x, tf.add(x, 1)), [4], true],
  ["maximum, minimum", (x) => tf.maximum(x, tf.minimum(tf.mul(x, 2), 0.4)), [5]],
  ["squaredDifference", (x) => tf.squaredDifference(x, tf.square(x)), [5]],
  ["abs, neg", (x) => tf.neg(tf.abs(x)), [5]],
  ["sin, cos", (x) => tf.mul(tf.sin(x), tf.cos(x)), [5]],
  ["erf", tf.erf, [5]],
  ["log, log1p", (x) => tf.mul(tf.log(x), tf.log1p(x)), [5], true],
  ["sqrt, rsqrt, reciprocal", (x) => tf.add(tf.mul(tf.sqrt(x), tf.reciprocal(x)), tf.rsqrt(x)), [5], true],
  ["exp, expm1", (x) => tf.mul(tf.exp(x), tf.expm1(x)), [5]],
  ["sigmoid, tanh, softplus", (x) => tf.mul(tf.sigmoid(x), tf.mul(tf.tanh(x), tf.softplus(x))), [5]],
  ["relu, relu6, elu, leakyRelu", (x) => tf.addN([tf.relu(x), tf.relu6(x), tf.elu(x), tf.leakyRelu(x, 0.1)]), [5]],
  ["clipByValue", (x) => tf.clipByValue(x, -0.4, 0.4), [7]],
  ["where", (x) => tf.where(tf.greater(x, 0), tf.square(x), tf.mul(x, 3)), [7]],
  ["reshape, transpose", (x) => tf.mul(tf.transpose(tf.reshape(x, [3, 4])), tf.range(0, 3)), [2, 6]],
  ["concat, split", (x) => tf.concat([tf.mul(tf.split(x, 2, 1)[0] as tf.Tensor, 3), x], 1), [2, 4]],
  [
    "stack, unstack",
    (x) =>
      tf.stack(
        tf.unstack(x).map((row, i) => tf.mul(row, i + 1)),
        1,
      ),
    [3, 2],
  ],
  ["slice, pad", (x) => tf.square(tf.pad(tf.slice(x, [1], [3]), [[2, 1]])), [5]],
  ["tile, reverse", (x) => tf.mul(tf.tile(tf.reverse(x), [2]), tf.range(0, 8)), [4]],
  ["broadcastTo", (x) => tf.mul(tf.broadcastTo(x, [3, 4]), tf.reshape(tf.range(0, 12), [3, 4])), [1, 4]],
  ["gather", (x) => tf.square(tf.gather(x, tf.tensor1d([2, 0, 2], "int32"), 1)), [2, 3]],
  ["unsortedSegmentSum", (x) => tf.square(tf.unsortedSegmentSum(x, tf.tensor1d([1, 0, 1], "int32"), 2)), [3, 2]],
  ["sum, mean", (x) => tf.mul(tf.sum(x, 1), tf.mean(x, -1)), [2, 3]],
  ["max, min", (x) => tf.sub(tf.max(x, 0), tf.min(x, 0, true)), [3, 2]],
  ["cumsum", (x) => tf.square(tf.cumsum(x, 0, true)), [4]],
  ["softmax", (x) => tf.square(tf.softmax(x)), [2, 3]],
  ["logSoftmax", (x) => tf.square(tf.logSoftmax(x)), [2, 3]],
  ["logSumExp", (x) => tf.logSumExp(x, 1), [2, 3]],
  ["matMul", (x) => tf.matMul(x, tf.square(x), true, false), [2, 3]],
  ["matMul, batched", (x) => tf.matMul(tf.tanh(x), tf.square(x), false, true), [2, 3, 2]],
];

describe("registerGradients", () => {
  beforeAll(async () => {
    await tf.setBackend("cpu");
    registerGradients();
  });

  it.each(functions)("%s agrees with central differences", (_, f, shape, positive) => {
    const n = shape.reduce((a, b) => a * b, 1);
    const at = Array.from({ length: n }, (_, i) => Math.sin(12.9 * (i + 1)) * 0.9 + (positive ? 1.2 : 0));
    tf.tidy(() => {
      const weighted = (x: tf.Tensor) => {
        const y = f(x);
        return tf.sum(tf.mul(y, tf.reshape(tf.cos(tf.range(1, y.size + 1)), y.shape)));
      };
      const got = tf.grad(weighted)(tf.tensor(at, shape)).dataSync();
      for (let i = 0; i < n; i++) {
        const value = (delta: number) =>
          weighted(
            tf.tensor(
              at.map((v, j) => (i === j ? v + delta : v)),
              shape,
            ),
          ).dataSync()[0]!;
        // Fourth order, so that the step can be large against float32 rounding.
        const h = 0.02;
        const want = (8 * (value(h) - value(-h)) - (value(2 * h) - value(-2 * h))) / (12 * h);
        expect(Math.abs(got[i]! - want)).toBeLessThan(2e-3 * Math.max(1, Math.abs(want)));
      }
    });
  });

  it("keeps a gradient that is registered already", () => {
    const before = tf.getGradient("Sum");
    registerGradients();
    expect(tf.getGradient("Sum")).toBe(before);
  });
});
