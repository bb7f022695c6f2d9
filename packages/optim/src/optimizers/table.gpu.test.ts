import { startWebgpu } from "@cramkit/backend/webgpu";
import { optimizerKernels, registerKernels } from "@cramkit/ops";
import { webgpuKernels } from "@cramkit/ops/webgpu";
import { memory } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  accumulate,
  adamw,
  clip,
  disposeState,
  lossScaling,
  type OptimizerKernels,
  progressiveBatch,
  sgd,
  stateTensors,
} from "../index.ts";
import { disposeMap } from "../state/tensor-map.ts";
import { decay, rate } from "../testing/float64.testing.ts";
import { numbers, progressAt, read, tensors, worstError } from "../testing/numbers.testing.ts";
import { given, rows } from "../testing/rows.testing.ts";

// WebGPU cannot be read without waiting: an optimizer that looked at a value on the way would throw here.

interface Started {
  description: string;
  dispose(): void;
}

let started: Started;
let kernels: OptimizerKernels | undefined;

beforeAll(async () => {
  started = await startWebgpu({ allowSoftware: true });
  registerKernels(webgpuKernels);
  kernels = optimizerKernels();
  console.info(`optimizers on ${started.description}`);
});

afterAll(() => started?.dispose());

const portable = rows.filter(({ name }) => !name.includes("in-place"));
const gradients = Array.from({ length: 10 }, (_, i) => numbers(100 + i, 0.3));

it.each(portable)("$name agrees with its equation in float64 over ten steps", async (row) => {
  const optimizer = row.make(rate, { weightDecay: decay });
  const expected = numbers(1);
  const reference = row.reference();
  const live = new Set<number>();
  let params = tensors(numbers(1));
  let state = optimizer.init(params);
  gradients.forEach((grads, i) => {
    ({ params, state } = optimizer.update(given(tensors(grads), row), state, params, progressAt(i)));
    reference(expected, grads, i + 1);
    live.add(memory().numTensors);
  });
  expect(worstError(await read(params), expected)).toBeLessThan(row.tolerance ?? 2e-6);
  expect(live.size).toBe(1);
  disposeMap(params);
  disposeState(state);
});

describe.each([
  ["clip", () => clip(adamw({ learningRate: 0.1 }))],
  ["lossScaling", () => lossScaling(clip(sgd()))],
  ["progressiveBatch", () => progressiveBatch(clip(sgd()), { most: 2 })],
] as const)("%s", (_, make) => {
  it.each([Number.NaN, Number.POSITIVE_INFINITY])("skips %d on the device", async (poison) => {
    const optimizer = make();
    let params = tensors(numbers(1));
    let state = optimizer.init(params);
    for (let step = 0; step < 2; step++) {
      const grads = tensors({ ...numbers(7), "layers.0.ffn.bias": [0, poison, 0] });
      ({ params, state } = optimizer.update(grads, state, params, progressAt(step)));
    }
    expect(worstError(await read(params), numbers(1))).toBe(0);
    disposeMap(params);
    disposeState(state);
  });
});

it("the kernels in place give the numbers of tfjs-core", async () => {
  expect(Object.keys(kernels ?? {}).sort()).toEqual(["accumulate", "adamw", "globalNorm"]);
  const train = async (given: OptimizerKernels | undefined) => {
    const inner = clip(adamw({ learningRate: 0.01, kernels: given }), { maxNorm: 0.5, kernels: given });
    const optimizer = accumulate(inner, { batchSize: 2, microbatchSize: 1, kernels: given });
    let params = tensors(numbers(1));
    let state = optimizer.init(params);
    const shared = tensors(gradients[0]!);
    const first = Object.fromEntries(Object.entries(shared).map(([name, grad]) => [name, grad.clone()]));
    const all = [first, ...gradients.slice(1, 8).map(tensors), tensors(numbers(7)), tensors(poisoned)];
    const snapshot = Object.fromEntries(Object.entries(params).map(([name, param]) => [name, param.clone()]));
    all.forEach((grads, i) => {
      ({ params, state } = optimizer.update(grads, state, params, progressAt(i)));
    });
    expect(worstError(await read(snapshot), numbers(1)), "a snapshot of the weights").toBe(0);
    expect(worstError(await read(shared), gradients[0]!), "data that we only borrowed").toBe(0);
    const moments = Object.entries(stateTensors(state)).filter(([path]) => path.includes("/mu/"));
    const result = { params: await read(params), moments: await read(Object.fromEntries(moments)) };
    for (const map of [params, shared, snapshot]) disposeMap(map);
    disposeState(state);
    return result;
  };
  const poisoned = { ...numbers(7), "layers.0.ffn.bias": [0, Number.NaN, 0] };
  const [plain, inPlace] = [await train(undefined), await train(kernels)];
  for (const part of ["params", "moments"] as const) {
    const expected = Object.fromEntries(Object.entries(plain[part]).map(([name, list]) => [name, [...list]]));
    expect(worstError(inPlace[part], expected), part).toBeLessThan(2e-6);
  }
});
