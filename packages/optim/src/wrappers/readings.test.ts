import "@tensorflow/tfjs-backend-cpu";
import { memory } from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import {
  accumulate,
  adamw,
  averagedWeights,
  clip,
  disposeState,
  ema,
  lawa,
  lossScale,
  lossScaling,
  type Optimizer,
  progressiveBatch,
  readings,
  restartBatch,
  sgd,
  stateLayout,
} from "../index.ts";
import { disposeMap } from "../state/tensor-map.ts";
import { numbers, progressAt, read, tensors, worstError } from "../testing/numbers.testing.ts";
import { listed, poisoned } from "../testing/run.testing.ts";

const after = (optimizer: Optimizer, gradients: readonly ReturnType<typeof numbers>[]) => {
  let params = tensors(numbers(1));
  let state = optimizer.init(params);
  for (const [i, grads] of gradients.entries())
    ({ params, state } = optimizer.update(tensors(grads), state, params, progressAt(i)));
  return { params, state };
};

const norm = (grads: ReturnType<typeof numbers>) => Math.hypot(...Object.values(grads).flat());

it("reads what the wrappers measured, however they are nested", async () => {
  const scaled = (seed: number) =>
    Object.fromEntries(Object.entries(numbers(seed)).map(([name, list]) => [name, list.map((x) => 8 * x)]));
  const sizes = { batchSize: 1, microbatchSize: 1, measureNoise: true };
  const whole = ema(accumulate(lossScaling(clip(adamw()), { initial: 8 }), sizes));
  const { params, state } = after(whole, [scaled(2), scaled(3)]);
  const read = await readings(state);
  expect(read.gradientNorm! / norm(numbers(3))).toBeCloseTo(1, 5);
  expect(read).toMatchObject({ skippedSteps: 0, skippedInARow: 0, lossScale: 8 });
  expect(read.bigSquared! / norm(scaled(3)) ** 2).toBeCloseTo(1, 5);
  expect(lossScale(state)!.dataSync()[0]).toBe(8);
  disposeMap(params);
  disposeState(state);
});

it("reads nothing that nobody measures, and counts what was skipped", async () => {
  const plain = after(adamw(), [numbers(2)]);
  expect(await readings(plain.state)).toEqual({});
  expect(lossScale(plain.state)).toBeUndefined();
  const clipped = after(clip(adamw()), [numbers(2), poisoned(numbers(3)), poisoned(numbers(3))]);
  expect(await readings(clipped.state)).toMatchObject({ skippedSteps: 2, skippedInARow: 2 });
  const young = after(clip(adamw()), []);
  expect(await readings(young.state)).toEqual({ skippedSteps: 0, skippedInARow: 0 });
  for (const { params, state } of [plain, clipped, young]) {
    disposeMap(params);
    disposeState(state);
  }
});

it.each([
  ["the parameters without an average", () => clip(adamw())],
  ["the moving average", () => clip(ema(adamw(), { decay: 0 }))],
  ["the parameters before the first copy", () => lawa(adamw())],
] as const)("averaged weights are %s, in tensors of their own", async (_, make) => {
  const { params, state } = after(make(), [numbers(2), numbers(3)]);
  const before = memory().numTensors;
  const average = averagedWeights(params, state);
  expect(memory().numTensors).toBe(before + Object.keys(params).length);
  expect(worstError(await read(average), listed(await read(params)))).toBeLessThan(1e-6);
  for (const map of [average, params]) disposeMap(map);
  disposeState(state);
});

it.each([
  ["accumulate", () => clip(accumulate(adamw(), { batchSize: 3, microbatchSize: 1 }))],
  ["accumulate with targets", () => lossScaling(accumulate(clip(adamw()), { batchSize: 3, microbatchSize: 1 }))],
  ["progressiveBatch", () => lossScaling(progressiveBatch(clip(sgd()), { least: 3 }))],
] as const)("%s begins its batch anew, and forgets the gradients that it has seen", async (_, make) => {
  const optimizer = make();
  const before = memory().numTensors;
  const half = after(optimizer, [numbers(2), numbers(3)]);
  const fresh = after(optimizer, []);
  const anew = { ...half, state: restartBatch(half.state) };
  expect(stateLayout(anew.state)).toEqual(stateLayout(fresh.state));
  const finish = async ({ params, state }: typeof half) => {
    for (const [i, seed] of [5, 6, 7].entries())
      ({ params, state } = optimizer.update(tensors(numbers(seed)), state, params, progressAt(i)));
    const values = await read(params);
    disposeMap(params);
    disposeState(state);
    return values;
  };
  expect(await finish(anew)).toEqual(await finish(fresh));
  expect(memory().numTensors).toBe(before);
});

it("leaves a state without a batch as it is", () => {
  const { params, state } = after(clip(adamw()), []);
  const layout = stateLayout(state);
  expect(stateLayout(restartBatch(state))).toEqual(layout);
  disposeMap(params);
  disposeState(state);
});
