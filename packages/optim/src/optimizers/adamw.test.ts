import "@tensorflow/tfjs-backend-cpu";
import { memory, scalar } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import {
  accumulate,
  adamw,
  chain,
  clip,
  clipByGlobalNorm,
  disposeState,
  type Optimizer,
  stateFromTensors,
  stateLayout,
  stateTensors,
  type TensorMap,
} from "../index.ts";
import { opened } from "../state/define-optimizer.ts";
import { disposeMap as dispose } from "../state/tensor-map.ts";
import { numbers, plainKernels, progressAt, read, tensors, worstError } from "../testing/numbers.testing.ts";

const run = async (optimizer: Optimizer, grads: Parameters<typeof tensors>[0][]) => {
  let params = tensors(numbers(1));
  let state = optimizer.init(params);
  const applied: boolean[] = [];
  const counts = new Set<number>();
  for (const [i, grad] of grads.entries()) {
    const result = optimizer.update(tensors(grad), state, params, progressAt(i));
    ({ params, state } = result);
    applied.push(result.applied);
    counts.add(memory().numTensors);
  }
  const values = await read(params);
  const moments = await read(stateTensors(state));
  dispose(params);
  disposeState(state);
  return { values, moments, applied, counts };
};

const gradients = Array.from({ length: 10 }, (_, i) => numbers(100 + i, 0.3));

describe("in-place kernels", () => {
  it("give the numbers of tfjs-core", async () => {
    const before = memory().numTensors;
    const make = (kernels?: typeof plainKernels) =>
      accumulate(clip(adamw({ learningRate: 0.01, kernels }), { maxNorm: 0.5, kernels }), {
        batchSize: 4,
        microbatchSize: 2,
        kernels,
      });
    const plain = await run(make(), gradients);
    const inPlace = await run(make(plainKernels), gradients);
    expect(worstError(inPlace.values, toNumbers(plain.values))).toBeLessThan(2e-6);
    expect(worstError(inPlace.moments, toNumbers(plain.moments))).toBeLessThan(2e-6);
    expect(inPlace.applied).toEqual(Array.from({ length: 10 }, (_, i) => i % 2 === 1));
    expect(inPlace.counts.size).toBe(2); // with and without sums
    expect(memory().numTensors).toBe(before);
  });

  it("never write into data that somebody else shares", async () => {
    const optimizer = accumulate(adamw({ kernels: plainKernels }), {
      batchSize: 2,
      microbatchSize: 1,
      kernels: plainKernels,
    });
    const clones = (map: TensorMap) =>
      Object.fromEntries(Object.entries(map).map(([name, one]) => [name, one.clone()]));
    const before = memory().numTensors;
    const params = tensors(numbers(1));
    const state = optimizer.init(params);
    const grads = tensors(numbers(2));
    const kept = clones(grads);
    const first = optimizer.update(grads, state, params, progressAt(0));
    const snapshot = { ...clones(first.params), ...clones(stateTensors(opened(first.state).inner!)) };
    const expected = await read(snapshot);
    const second = optimizer.update(tensors(numbers(3)), first.state, first.params, progressAt(1));
    expect(worstError(await read(kept), numbers(2))).toBe(0);
    expect(await read(snapshot)).toEqual(expected);
    for (const map of [kept, snapshot, second.params]) dispose(map);
    disposeState(second.state);
    expect(memory().numTensors).toBe(before);
  });
});

const toNumbers = (values: Record<string, Float32Array>) =>
  Object.fromEntries(Object.entries(values).map(([name, list]) => [name, [...list]]));

describe.each([
  ["tfjs-core", undefined],
  ["in-place kernels", plainKernels],
] as const)("a step that is not finite, %s", (_, kernels) => {
  it.each([Number.NaN, Number.POSITIVE_INFINITY])("is skipped on the device, %d", async (poison) => {
    const bad = numbers(7);
    bad["layers.0.ffn.bias"]![1] = poison;
    const optimizer = clip(adamw({ learningRate: 0.1, kernels }), { kernels });
    const clean = await run(optimizer, gradients.slice(0, 1));
    const skipped = await run(optimizer, [gradients[0]!, bad]);
    expect(skipped.values).toEqual(clean.values);
    const inner = Object.keys(clean.moments).filter((path) => path.startsWith("inner/"));
    expect(inner.length).toBeGreaterThan(0);
    for (const name of inner) {
      expect(skipped.moments[name], name).toEqual(clean.moments[name]);
    }
  });

  it("is skipped where the scale is 0", async () => {
    const params = tensors(numbers(1));
    const optimizer = adamw({ kernels });
    const zero = scalar(0);
    const result = optimizer.update(tensors(numbers(2)), optimizer.init(params), params, progressAt(0), zero);
    zero.dispose();
    expect(worstError(await read(result.params), numbers(1))).toBe(0);
    dispose(result.params);
    disposeState(result.state);
  });
});

describe("a batch that grows", () => {
  it("reads its size when it begins", async () => {
    const optimizer = accumulate(adamw(), { batchSize: ({ step }) => (step < 3 ? 4 : 12), microbatchSize: 4 });
    const { applied } = await run(optimizer, gradients);
    expect(applied).toEqual([true, true, true, false, false, true, false, false, true, false]);
  });

  it("keeps its size until it ends", async () => {
    const optimizer = accumulate(adamw(), {
      batchSize: ({ microbatch }) => (microbatch === 0 ? 3 : 2),
      microbatchSize: 1,
    });
    const { applied } = await run(optimizer, gradients.slice(0, 7));
    expect(applied).toEqual([false, false, true, false, true, false, true]);
  });

  it("rounds up to whole microbatches", async () => {
    const { applied } = await run(accumulate(adamw(), { batchSize: 9, microbatchSize: 4 }), gradients.slice(0, 6));
    expect(applied).toEqual([false, false, true, false, false, true]);
  });
});

describe("clipping", () => {
  it("keeps the norm before it as a metric, and scales to the limit", async () => {
    const grads = tensors({ a: [3], b: [4, 0] });
    const transformation = clipByGlobalNorm({ maxNorm: 1 });
    const { updates, state } = transformation.update(grads, transformation.init(grads), grads, progressAt(0));
    expect((await state.norm.data())[0]).toBeCloseTo(5, 5);
    expect((await read(updates)).b![0]).toBeCloseTo(0.8, 5);
    dispose(updates);
    disposeState(state);
  });
});

describe("state", () => {
  it("comes back to the last bit in the middle of a batch", async () => {
    const optimizer = accumulate(clip(adamw()), { batchSize: 3, microbatchSize: 1 });
    const whole = await run(optimizer, gradients);
    let params = tensors(numbers(1));
    let state = optimizer.init(params);
    for (const [i, grad] of gradients.entries()) {
      ({ params, state } = optimizer.update(tensors(grad), state, params, progressAt(i)));
      const layout = JSON.parse(JSON.stringify(stateLayout(state)));
      const held = Object.fromEntries(Object.entries(stateTensors(state)).map(([path, t]) => [path, t.clone()]));
      disposeState(state);
      state = stateFromTensors(layout, held);
    }
    expect(await read(params)).toEqual(whole.values);
    expect(await read(stateTensors(state))).toEqual(whole.moments);
    dispose(params);
    disposeState(state);
  });

  it("is refused where it does not fit", () => {
    expect(() => stateFromTensors({ tensor: "mu/a" }, {})).toThrow(
      'stateFromTensors: expected a tensor "mu/a", got none',
    );
    const extra = tensors({ b: [1] });
    expect(() => stateFromTensors(1, extra)).toThrow('got "b" too');
    dispose(extra);
    const params = tensors({ a: [1, 2], b: [1] });
    const other = tensors({ a: [1, 2], b: [1, 2] });
    const optimizer = adamw();
    const state = optimizer.init(other);
    expect(() => optimizer.update(params, state, params, progressAt(0))).toThrow(
      'adamw: expected mu of "b" to be [1], got [2]',
    );
    expect(() => optimizer.update({ a: params.a! }, state, params, progressAt(0))).toThrow(
      'adamw: expected gradients to hold "b" as the parameters do, got none',
    );
    expect(() => chain(clipByGlobalNorm()).update(params, [] as never, params, progressAt(0))).toThrow(
      "chain: expected 1 states, got 0",
    );
    for (const map of [params, other]) dispose(map);
    disposeState(state);
  });
});

describe("hyperparameters", () => {
  it.each([
    [() => adamw({ b1: 1 }), 'adamw: expected "b1" in [0, 1), got 1'],
    [() => adamw({ b2: Number.NaN }), 'adamw: expected "b2" in [0, 1), got NaN'],
    [
      () => adamw({ learningRate: "1e-3" as never }),
      'adamw: expected "learningRate" to be a finite number of at least 0, got "1e-3"',
    ],
    [() => adamw({ learningRate: -1 }), 'adamw: expected "learningRate" to be a finite number of at least 0, got -1'],
    [() => adamw({ epsilon: 0 }), 'adamw: expected "epsilon" to be a finite number above 0, got 0'],
    [() => adamw({ weightDecay: -0.1 }), 'adamw: expected "weightDecay"'],
    [() => clip(adamw(), { maxNorm: 0 }), 'clip: expected "maxNorm"'],
    [() => accumulate(adamw(), { batchSize: 4, microbatchSize: 0 }), 'accumulate: expected "microbatchSize"'],
    [() => accumulate(adamw(), { batchSize: Number.NaN, microbatchSize: 1 }), 'accumulate: expected "batchSize"'],
  ])("%s", (make, message) => {
    expect(make).toThrow(message);
  });

  it("a schedule is checked when it is read", () => {
    const params = tensors({ a: [1] });
    const optimizer = adamw({ learningRate: () => Number.NaN });
    const state = optimizer.init(params);
    expect(() => optimizer.update(params, state, params, progressAt(0))).toThrow('expected "learningRate"');
    dispose(params);
    disposeState(state);
  });

  it("a pattern that matches nothing is named", () => {
    const params = tensors(numbers(1));
    expect(() => adamw({ noDecay: ["bias", /gamma$/] }).init(params)).toThrow(
      'adamw: expected the pattern /gamma$/ to match a parameter, got none of 5, of which the first is "embedding.weight"',
    );
    dispose(params);
  });
});
