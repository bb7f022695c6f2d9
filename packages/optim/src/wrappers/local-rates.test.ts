import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { beforeAll, describe, expect, it } from "vitest";
import { adamw, clip, disposeState, larc, lars, localRates, type Optimizer, sgd, type TensorMap } from "../index.ts";

beforeAll(() => tf.setBackend("cpu"));

const start = (): TensorMap => ({
  "dense.weight": tf.tensor2d([1, -2, 3, 0.5, 0.25, -1], [2, 3]),
  "dense.bias": tf.tensor1d([0.1, -0.2]),
  "zero.weight": tf.zeros([2]),
});
const gradsAt = (step: number): TensorMap => ({
  "dense.weight": tf.tensor2d(
    [0.3, -0.1, 0.2, 0.7, -0.4, 0.05].map((x) => x * (1 + step)),
    [2, 3],
  ),
  "dense.bias": tf.tensor1d([0.02, 0.3]),
  "zero.weight": tf.tensor1d([0.5, -0.5]),
});
const progressAt = (step: number) => ({
  microbatch: step,
  step,
  examples: 0,
  tokens: 0,
  elapsedMs: 0,
  fraction: step / 8,
});

const after = async (optimizer: Optimizer, steps = 6, factor = 1): Promise<Record<string, number[]>> => {
  let params = start();
  let state = optimizer.init(params);
  let tensors = 0;
  for (let step = 0; step < steps; step++) {
    const grads = Object.fromEntries(Object.entries(gradsAt(step)).map(([name, grad]) => [name, tf.mul(grad, factor)]));
    ({ params, state } = await optimizer.update(grads, state, params, progressAt(step)));
    if (step === 0) tensors = tf.memory().numTensors;
  }
  const found = Object.fromEntries(Object.entries(params).map(([name, value]) => [name, Array.from(value.dataSync())]));
  // Gradients of this test itself: three a step that were multiplied, the plain ones stay.
  expect(tf.memory().numTensors - tensors).toBe(3 * (steps - 1));
  tf.dispose(params);
  disposeState(state);
  return found;
};

const rate = (progress: { fraction: number }) => 0.1 * (1 - progress.fraction);
const momentum = { learningRate: rate, momentum: 0.9, nesterov: true };

describe("local rates around any optimizer", () => {
  it("are LARS and LARC around momentum", async () => {
    const plain = () => sgd({ ...momentum, weightDecay: 0 });
    expect(await after(localRates(plain()))).toEqual(await after(lars(momentum)));
    expect(await after(localRates(plain(), { clipTo: rate, trust: 0.5 }))).toEqual(
      await after(larc({ ...momentum, trust: 0.5 })),
    );
  });

  it("are of gradients as they are under clipping and loss scales, also around AdamW", async () => {
    const made = () => localRates(adamw({ learningRate: rate, weightDecay: 0 }), { weightDecay: 0.1 });
    const one = await after(made());
    const clipped = await after(clip(made(), { maxNorm: 1e9 }));
    for (const [name, values] of Object.entries(one))
      values.forEach((value, i) => {
        expect(clipped[name]![i]).toBeCloseTo(value, 6);
      });
    expect(one).not.toEqual(await after(adamw({ learningRate: rate, weightDecay: 0 })));
  });

  it("leave weights as they are in a step whose gradients are not finite", async () => {
    const optimizer = clip(localRates(sgd({ ...momentum, weightDecay: 0 })), { maxNorm: 1 });
    const params = start();
    const before = Object.values(params).map((value) => Array.from(value.dataSync()));
    const grads = { ...gradsAt(0), "dense.bias": tf.tensor1d([Number.NaN, 1]) };
    const result = await optimizer.update(grads, optimizer.init(params), params, progressAt(0));
    expect(Object.values(result.params).map((value) => Array.from(value.dataSync()))).toEqual(before);
  });

  it("refuse what is no rate, and patterns that match nothing", () => {
    expect(() => localRates(sgd(), { trust: 0 })).toThrow(/trust/);
    expect(() => localRates(sgd(), { noDecay: ["nothing"] }).init(start())).toThrow(/nothing/);
  });
});
