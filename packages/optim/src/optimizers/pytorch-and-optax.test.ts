import "@tensorflow/tfjs-backend-cpu";
import { readFileSync } from "node:fs";
import { memory, mul, type Tensor, tensor } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import {
  accumulate,
  adafactor,
  adam,
  adamw,
  adamwScale,
  addDecayedWeights,
  averagedWeights,
  chain,
  clip,
  clipByGlobalNorm,
  disposeState,
  ema,
  lamb,
  lars,
  lawa,
  lion,
  muon,
  type Optimizer,
  type OptimizerKernels,
  type OptimizerState,
  radam,
  sam,
  scaleByLearningRate,
  scaleByRadam,
  sgd,
  stateTensors,
  type TensorMap,
  toOptimizer,
} from "../index.ts";
import { disposeMap, mapTensors } from "../state/tensor-map.ts";
import { type Numbers, plainKernels, progressAt, read } from "../testing/numbers.testing.ts";

// Ten steps as PyTorch and optax take them: fixtures/make-pytorch.py and make-optax.py say which definitions agree with
// those of this package and where others part.

interface OptaxCase {
  name: string;
  learningRates: number[];
  /** After each step. */
  params: Numbers[];
  /** `errorOfChange` of the library's own float32. */
  float32Error: number;
}

interface PytorchCase extends OptaxCase {
  options: { betas: [number, number]; eps: number; weight_decay: number; momentum: number; nesterov?: boolean };
  maxNorm: number | null;
  /** Of the gradients, before they are clipped. */
  norms: number[];
}

const fixture = (name: string) => JSON.parse(readFileSync(new URL(`../../fixtures/${name}`, import.meta.url), "utf8"));
const pytorch: {
  shapes: Record<string, number[]>;
  initial: Numbers;
  gradients: Numbers[];
  cases: PytorchCase[];
  ema: Numbers;
  swa: Numbers;
} = fixture("pytorch.json");
const optax: { cases: OptaxCase[] } = fixture("optax.json");
const { shapes, initial, gradients } = pytorch;

const tensorsOf = (values: Numbers): TensorMap =>
  Object.fromEntries(Object.entries(values).map(([name, list]) => [name, tensor(list, shapes[name])]));

const rateOf =
  ({ learningRates }: OptaxCase) =>
  ({ step }: { step: number }) =>
    learningRates[step]!;

/** What a case is about, in this package's terms: one optimizer, or several ways to the same numbers. */
const asPytorch = (theirs: PytorchCase): [string, Optimizer][] => {
  const { name, options, maxNorm } = theirs;
  const { betas: [b1, b2] = [], eps: epsilon, weight_decay: weightDecay, momentum, nesterov = false } = options;
  const common = { learningRate: rateOf(theirs), weightDecay };
  const clipped = (optimizer: Optimizer, kernels?: OptimizerKernels) =>
    maxNorm === null ? optimizer : clip(optimizer, { maxNorm, kernels });
  const adamwWith = (kernels?: OptimizerKernels) => clipped(adamw({ ...common, b1, b2, epsilon, kernels }), kernels);
  const decayAndRate = [addDecayedWeights({ weightDecay }), scaleByLearningRate(common.learningRate)] as const;
  const rest = { b1: 0.9, b2: 0.98, epsilon: 1e-3 };
  switch (name) {
    case "adam":
      return [["adam", clipped(adam({ ...common, b1, b2, epsilon }))]];
    case "radam":
      return [["radam", clipped(radam({ ...common, b1, b2, epsilon }))]];
    case "radam, decoupled":
      return [["a chain", clipped(toOptimizer(chain(scaleByRadam({ b1, b2, epsilon }), ...decayAndRate)))]];
    case "adafactor":
      return [["adafactor", clipped(adafactor({ ...common, scaleParameter: true }))]];
    case "muon":
      return [["muon", clipped(muon({ ...common, momentum, adamw: rest }))]];
    case "muon, match_rms_adamw":
      return [["muon", clipped(muon({ ...common, momentum, matchRms: true, adamw: rest }))]];
    case "sgd, Nesterov":
    case "sgd, heavy ball":
      return [["sgd", clipped(sgd({ ...common, momentum, nesterov }))]];
    case "sgd, plain, clip":
      return [
        ["sgd in clip", clipped(sgd({ ...common, momentum, nesterov }))],
        ["a chain", toOptimizer(chain(clipByGlobalNorm({ maxNorm: maxNorm! }), ...decayAndRate))],
      ];
    default:
      return [
        ["adamw", adamwWith()],
        ["adamw with in-place kernels", adamwWith(plainKernels)],
      ];
  }
};

const asOptax = (theirs: OptaxCase): Optimizer => {
  const betas = { b1: 0.9, b2: 0.98 };
  const common = { learningRate: rateOf(theirs), weightDecay: 0.1 };
  const moments = { ...common, ...betas, epsilon: 1e-3 };
  const optimizers: Record<string, () => Optimizer> = {
    lion: () => lion({ ...common, ...betas }),
    lamb: () => lamb(moments),
    lars: () => lars({ ...common, weightDecay: 0 }),
    adafactor: () => adafactor(common),
    adamwScale: () => adamwScale(moments),
    "sam over adamw": () => sam(adamw(moments)),
    "adamw, two microbatches": () => accumulate(adamw(moments), { batchSize: 2, microbatchSize: 1 }),
  };
  return optimizers[theirs.name]!();
};

/** Gradients of `sum(p^2)`, for who asks for more than the fixture's. */
const evaluate = (params: TensorMap): TensorMap => mapTensors(params, (param) => mul(param, 2));

const run = async (optimizer: Optimizer, see: (state: OptimizerState) => Promise<void> | void = () => {}) => {
  const before = memory().numTensors;
  let params = tensorsOf(initial);
  let state = optimizer.init(params);
  let steps = 0;
  const after: Record<string, Float32Array>[] = [];
  const norms: number[] = [];
  for (const grads of gradients) {
    const given = { grads: tensorsOf(grads), evaluate };
    const result = optimizer.update(given, state, params, progressAt(steps));
    ({ params, state } = result);
    if (result.applied) steps++;
    after.push(await read(params));
    const [norm] = Object.entries(stateTensors(state)).filter(([path]) => path.endsWith("norm"));
    if (norm) norms.push((await norm[1].data())[0]!);
  }
  await see(state);
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
        const change = Math.hypot(...expected.map((x, i) => x - from[i]!));
        return error === 0 && change === 0 ? 0 : error / change;
      }),
    ),
  );

describe.each(pytorch.cases)("PyTorch's $name", (theirs) => {
  it.each(asPytorch(theirs))("is %s", async (_, optimizer) => {
    const { params, norms } = await run(optimizer);
    const error = errorOfChange(params, theirs.params);
    expect(error, "beside PyTorch's own in float32").toBeLessThan(1.5 * theirs.float32Error);
    expect(norms).toHaveLength(theirs.norms.length);
    norms.forEach((norm, step) => {
      expect(norm / theirs.norms[step]!).toBeCloseTo(1, 6);
    });
  });
});

it.each(optax.cases)("takes the steps of optax's $name", async (theirs) => {
  const { params } = await run(asOptax(theirs));
  expect(errorOfChange(params, theirs.params), "beside optax's own in float32").toBeLessThan(1.5 * theirs.float32Error);
});

it("averages as PyTorch", async () => {
  const theirs = pytorch.cases.find(({ name }) => name === "adamw")!;
  const {
    betas: [b1, b2],
    eps: epsilon,
    weight_decay: weightDecay,
  } = theirs.options;
  const make = () => adamw({ learningRate: rateOf(theirs), b1, b2, epsilon, weightDecay });
  const isClose = async (map: Readonly<Record<string, Tensor>>, expected: Numbers) =>
    expect(errorOfChange([await read(map)], [expected])).toBeLessThan(1e-6);
  const isAverage = (expected: Numbers) => async (state: OptimizerState) => {
    const average = averagedWeights({}, state);
    await isClose(average, expected);
    disposeMap(average);
  };
  await run(ema(make(), { decay: 0.9 }), isAverage(pytorch.ema));
  await run(lawa(make(), { snapshots: 5, every: 2 }), isAverage(pytorch.swa));
});
