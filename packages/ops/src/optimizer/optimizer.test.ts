import * as tf from "@tensorflow/tfjs-core";
import { afterEach, describe, expect, it } from "vitest";
import { uniform } from "../conformance-case.ts";
import { startCpuBackend, startStockCpu } from "../testing/backend.testing.ts";
import { type OptimizerKernels, optimizerKernels } from "./kernels.ts";

const attrs = {
  ...{ learningRate: 1e-2, b1: 0.9, b2: 0.98, epsilon: 1e-8 },
  ...{ correction1: 0.19, correction2: 0.0396 },
};

let dispose = () => {};
afterEach(() => dispose());

const kernels = async (): Promise<OptimizerKernels> => {
  ({ dispose } = await startCpuBackend({ threads: 2 }));
  return optimizerKernels()!;
};

const tensorOf = (n: number, seed: number, scale = 1) => tf.tensor(uniform([n], seed, scale).values);

describe("optimizerKernels", () => {
  it("is undefined where the backend has none", async () => {
    ({ dispose } = await startStockCpu());
    expect(optimizerKernels()).toBeUndefined();
  });

  it.each([1, 3, 7, 23, 100, 129, 1003, 40001])("adamw of %d weights follows its equation", async (n) => {
    const { adamw } = await kernels();
    const [param, grad, mu, nu] = [tensorOf(n, 1), tensorOf(n, 2), tensorOf(n, 3, 0.1), tf.abs(tensorOf(n, 4, 0.1))];
    const [p, g, m, v] = [param, grad, mu, nu].map((tensor) => tensor.dataSync()) as [
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    adamw([{ param, grad, mu, nu, weightDecay: 0.1 }], tf.scalar(0.5), attrs);
    const got = [param, mu, nu].map((tensor) => tensor.dataSync());
    for (let i = 0; i < n; i++) {
      const gradient = 0.5 * g[i]!;
      const wantMu = 0.9 * m[i]! + 0.1 * gradient;
      const wantNu = 0.98 * v[i]! + 0.02 * gradient ** 2;
      const step = wantMu / 0.19 / (Math.sqrt(wantNu / 0.0396) + 1e-8);
      expect(got[0]![i]).toBeCloseTo(p[i]! - 1e-2 * (step + 0.1 * p[i]!), 6);
      expect(got[1]![i]).toBeCloseTo(wantMu, 6);
      expect(got[2]![i]).toBeCloseTo(wantNu, 6);
    }
  });

  it.each([0, Number.NaN, Number.POSITIVE_INFINITY])("adamw with gradScale %d changes nothing", async (scale) => {
    const { adamw } = await kernels();
    const tensors = [1, 2, 3, 4].map((seed) => tensorOf(23, seed)) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
    const [param, grad, mu, nu] = tensors;
    const before = tensors.map((tensor) => [...tensor.dataSync()]);
    adamw([{ param, grad, mu, nu, weightDecay: 0.1 }], tf.scalar(scale), attrs);
    expect(tensors.map((tensor) => [...tensor.dataSync()])).toEqual(before);
  });

  it("accumulate adds in place", async () => {
    const { accumulate } = await kernels();
    const sum = tensorOf(1003, 1);
    const before = sum.dataSync();
    const grad = tensorOf(1003, 2);
    accumulate([sum], [grad], 0.25);
    const g = grad.dataSync();
    sum.dataSync().forEach((value, i) => {
      expect(value).toBeCloseTo(before[i]! + 0.25 * g[i]!, 6);
    });
  });

  it("globalNorm is the norm over all tensors, empty ones included", async () => {
    const { globalNorm } = await kernels();
    const tensors = [tensorOf(3, 1), tensorOf(40001, 2), tf.zeros([0, 3]), tf.scalar(2)];
    const want = Math.sqrt(tensors.reduce((sum, t) => sum + tf.sum(tf.square(t)).dataSync()[0]!, 0));
    expect(globalNorm(tensors).dataSync()[0]).toBeCloseTo(want, 3);
    expect(globalNorm([]).dataSync()[0]).toBe(0);
  });

  it("refuses shapes that differ", async () => {
    const { accumulate, adamw } = await kernels();
    const [x, y] = [tensorOf(3, 1), tensorOf(4, 1)];
    expect(() => accumulate([x, x], [x, y], 1)).toThrow("accumulate: expected grads[1] [3], got [4]");
    expect(() => accumulate([x, x], [x], 1)).toThrow("accumulate: expected a gradient for each of 2 sums, got 1");
    const good = { param: x, grad: x, mu: x, nu: x, weightDecay: 0 };
    expect(() => adamw([good], x, attrs)).toThrow("adamw: expected gradScale [], got [3]");
    expect(() => adamw([good, { ...good, mu: y }], tf.scalar(1), attrs)).toThrow(
      "adamw: expected updates[1].mu [3], got [4]",
    );
  });
});
