import { memory, type Tensor } from "@tensorflow/tfjs-core";
import { expect } from "vitest";
import { disposeState, type Optimizer, type TensorMap } from "../index.ts";
import { disposeMap } from "../state/tensor-map.ts";
import { type Numbers, numbers, progressAt, read, tensors } from "./numbers.testing.ts";

/** A state as its test knows it. */
// biome-ignore lint/suspicious/noExplicitAny: every optimizer has another state, and closes it
export type Inside = any;

/** Runs an optimizer over gradients; `see` looks at each step. Checks that nothing is left behind. */
export const run = async (
  optimizer: Optimizer,
  grads: ((state: Inside) => TensorMap)[],
  see: (state: Inside, params: TensorMap) => Promise<void> | void = () => {},
) => {
  const before = memory().numTensors;
  let params = tensors(numbers(1));
  let state = optimizer.init(params);
  for (const [i, grad] of grads.entries()) {
    ({ params, state } = optimizer.update(grad(state), state, params, progressAt(i)));
    await see(state, params);
  }
  const values = await read(params);
  disposeMap(params);
  disposeState(state);
  expect(memory().numTensors).toBe(before);
  return values;
};

export const scaledBy = (grads: Numbers, factor: number): Numbers =>
  Object.fromEntries(Object.entries(grads).map(([name, list]) => [name, list.map((x) => x * factor)]));
export const listed = (values: Record<string, Float32Array>): Numbers =>
  Object.fromEntries(Object.entries(values).map(([name, list]) => [name, [...list]]));
export const poisoned = (grads: Numbers): Numbers => ({
  ...grads,
  "layers.0.ffn.bias": [0, Number.POSITIVE_INFINITY, 0],
});
export const one = async (scalar: Tensor) => (await scalar.data())[0]!;
