import "@tensorflow/tfjs-backend-cpu";
import { readFileSync } from "node:fs";
import { memory, tensor } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import {
  adam,
  adamw,
  addDecayedWeights,
  chain,
  clip,
  clipByGlobalNorm,
  disposeState,
  type Kernels,
  type Optimizer,
  radam,
  type State,
  scaleByLearningRate,
  sgd,
  stateTensors,
  type TensorMap,
  toOptimizer,
} from "./index.ts";
import { type Numbers, plainKernels, progressAt, read } from "./numbers.testing.ts";
import { disposeMap } from "./tensor-map.ts";

// Ten steps as PyTorch takes them: fixtures/make-pytorch.py says which definitions agree and where others part.

interface Steps {
  /** After each step. */
  params: Numbers[];
  /** Of the gradients, before they are clipped. */
  norms: number[];
}

interface Case {
  name: string;
  learningRates: number[];
  options: { betas: [number, number]; eps: number; weight_decay: number; momentum: number; nesterov?: boolean };
  maxNorm: number | null;
  float64: Steps;
  float32: Steps;
}

const { shapes, initial, gradients, cases } = JSON.parse(
  readFileSync(new URL("../fixtures/pytorch.json", import.meta.url), "utf8"),
) as {
  shapes: Record<string, number[]>;
  initial: Numbers;
  gradients: Numbers[];
  cases: Case[];
};

const tensorsOf = (values: Numbers): TensorMap =>
  Object.fromEntries(Object.entries(values).map(([name, list]) => [name, tensor(list, shapes[name])]));

/** What a case is about, in this package's terms: one optimizer, or several ways to the same numbers. */
const optimizersOf = ({ name, options, learningRates, maxNorm }: Case): [string, Optimizer][] => {
  const { betas: [b1, b2] = [], eps: epsilon, weight_decay: weightDecay, momentum, nesterov = false } = options;
  const common = { learningRate: ({ step }: { step: number }) => learningRates[step]!, weightDecay };
  const clipped = <S extends State>(optimizer: Optimizer<S>, kernels?: Kernels) =>
    (maxNorm === null ? optimizer : clip(optimizer, { maxNorm, kernels })) as Optimizer;
  const adamwWith = (kernels?: Kernels) => clipped(adamw({ ...common, b1, b2, epsilon, kernels }), kernels);
  switch (name) {
    case "adam":
      return [["adam", clipped(adam({ ...common, b1, b2, epsilon }))]];
    case "radam":
      return [["radam", clipped(radam({ ...common, b1, b2, epsilon }))]];
    case "sgd, Nesterov":
    case "sgd, heavy ball":
      return [["sgd", clipped(sgd({ ...common, momentum, nesterov }))]];
    case "sgd, plain, clip": {
      const links = [clipByGlobalNorm({ maxNorm: maxNorm! }), addDecayedWeights({ weightDecay })] as const;
      return [
        ["sgd in clip", clipped(sgd({ ...common, momentum, nesterov }))],
        ["a chain", toOptimizer(chain(...links, scaleByLearningRate(common.learningRate))) as Optimizer],
      ];
    }
    default:
      return [
        ["adamw", adamwWith()],
        ["adamw with in-place kernels", adamwWith(plainKernels)],
      ];
  }
};

const run = async (optimizer: Optimizer) => {
  const before = memory().numTensors;
  let params = tensorsOf(initial);
  let state = optimizer.init(params);
  const after: Record<string, Float32Array>[] = [];
  const norms: number[] = [];
  for (const [step, grads] of gradients.entries()) {
    ({ params, state } = optimizer.update(tensorsOf(grads), state, params, progressAt(step)));
    after.push(await read(params));
    const [norm] = Object.entries(stateTensors(state)).filter(([path]) => path.endsWith("norm"));
    if (norm) norms.push((await norm[1].data())[0]!);
  }
  disposeMap(params);
  disposeState(state);
  expect(memory().numTensors).toBe(before);
  return { params: after, norms };
};

/** L2 norm of the error over that of the reference's change since the start; the worst of all steps and tensors. */
const errorOfChange = (actual: Record<string, ArrayLike<number>>[], reference: Numbers[]): number =>
  Math.max(
    ...reference.flatMap((params, step) =>
      Object.entries(params).map(([name, expected]) => {
        const from = initial[name]!;
        const error = Math.hypot(...expected.map((x, i) => actual[step]![name]![i]! - x));
        return error / Math.hypot(...expected.map((x, i) => x - from[i]!));
      }),
    ),
  );

describe.each(cases)("PyTorch's $name", (theirs) => {
  it.each(optimizersOf(theirs))("is %s", async (_, optimizer) => {
    const { params, norms } = await run(optimizer);
    const error = errorOfChange(params, theirs.float64.params);
    expect(error).toBeLessThan(1e-6);
    expect(error, "beside PyTorch's own in float32").toBeLessThan(
      1.5 * errorOfChange(theirs.float32.params, theirs.float64.params),
    );
    expect(norms).toHaveLength(theirs.float64.norms.length);
    norms.forEach((norm, step) => {
      expect(norm / theirs.float64.norms[step]!).toBeCloseTo(1, 6);
    });
  });
});
