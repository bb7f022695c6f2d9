import { mul, tensor } from "@tensorflow/tfjs-core";
import {
  adafactor,
  adahessian,
  adam,
  adamw,
  adamw8bit,
  adamwScale,
  agd,
  type Evaluate,
  type Gradients,
  lamb,
  larc,
  lars,
  lion,
  muon,
  type Optimizer,
  type Rate,
  radam,
  sam,
  sgd,
  shampoo,
  sophia,
  stableAdamw,
  type TensorMap,
} from "../index.ts";
import { mapTensors } from "../state/tensor-map.ts";
import {
  adafactorReference,
  adahessianReference,
  adamReference,
  adamw8bitReference,
  adamwReference,
  adamwScaleReference,
  agdReference,
  lambReference,
  larsReference,
  lionReference,
  type Reference,
  radamReference,
  samReference,
  sgdReference,
  sophiaReference,
  stableAdamwReference,
} from "./float64.testing.ts";
import { muonReference, shampooReference } from "./float64-matrices.testing.ts";
import { type Numbers, numbers, plainKernels, shapes, tensors } from "./numbers.testing.ts";

// The loss that extra evaluations see: sum(diagonal p^2) / 2, and fixed gradients for sampled targets.
const diagonal: Numbers = Object.fromEntries(
  Object.entries(numbers(50)).map(([name, list]) => [name, list.map((x) => Math.fround(1 + Math.abs(x)))]),
);
const sampled = numbers(60, 0.5);

export interface Row {
  name: string;
  make(learningRate: Rate, options: { weightDecay: number }): Optimizer;
  reference(): Reference;
  /** Learning rates that suit the two problems; they fall to 0 in a line. */
  parabola: number;
  rosenbrock: number;
  /** Relative error after ten steps. */
  tolerance?: number;
  needsEvaluate?: boolean;
  /** Asks for gradients in place of those that it is given: it goes outside of `accumulate`. */
  eachMicrobatch?: boolean;
}

export const rows: Row[] = [
  {
    name: "adamw",
    make: (learningRate, o) => adamw({ learningRate, ...o }),
    reference: adamwReference,
    parabola: 0.1,
    rosenbrock: 0.1,
  },
  {
    name: "adamw, in-place kernels",
    make: (learningRate, o) => adamw({ learningRate, ...o, kernels: plainKernels }),
    reference: adamwReference,
    parabola: 0.1,
    rosenbrock: 0.1,
  },
  {
    name: "adamw8bit",
    make: (learningRate, o) => adamw8bit({ learningRate, ...o, minSize: 1 }),
    reference: adamw8bitReference,
    parabola: 0.1,
    rosenbrock: 0.1,
  },
  {
    name: "adamw8bit, small tensors in float32",
    make: (learningRate, o) => adamw8bit({ learningRate, ...o }),
    reference: adamwReference,
    parabola: 0.1,
    rosenbrock: 0.1,
  },
  {
    name: "adam",
    make: (learningRate, o) => adam({ learningRate, ...o }),
    reference: adamReference,
    parabola: 0.1,
    rosenbrock: 0.1,
  },
  {
    name: "adamwScale",
    make: (learningRate, o) => adamwScale({ learningRate, ...o }),
    reference: adamwScaleReference,
    parabola: 0.1,
    rosenbrock: 0.1,
  },
  {
    name: "stableAdamw",
    make: (learningRate, o) => stableAdamw({ learningRate, ...o }),
    reference: stableAdamwReference,
    parabola: 0.1,
    rosenbrock: 0.1,
  },
  {
    name: "radam",
    make: (learningRate, o) => radam({ learningRate, ...o }),
    reference: radamReference,
    parabola: 0.1,
    rosenbrock: 0.02,
  },
  {
    name: "adafactor",
    make: (learningRate, o) => adafactor({ learningRate, ...o }),
    reference: adafactorReference,
    parabola: 0.1,
    rosenbrock: 0.1,
  },
  {
    name: "lion",
    make: (learningRate, o) => lion({ learningRate, ...o }),
    reference: lionReference,
    parabola: 0.05,
    rosenbrock: 0.04,
  },
  {
    name: "sgd with Nesterov momentum",
    make: (learningRate, o) => sgd({ learningRate, ...o }),
    reference: () => sgdReference(true),
    parabola: 0.05,
    rosenbrock: 1e-3,
  },
  {
    name: "sgd with heavy ball",
    make: (learningRate, o) => sgd({ learningRate, ...o, nesterov: false }),
    reference: () => sgdReference(false),
    parabola: 0.05,
    rosenbrock: 1e-3,
  },
  {
    name: "lamb",
    make: (learningRate, o) => lamb({ learningRate, ...o }),
    reference: lambReference,
    parabola: 0.05,
    rosenbrock: 0.04,
  },
  {
    name: "lars",
    make: (learningRate, o) => lars({ learningRate, ...o }),
    reference: () => larsReference(false),
    parabola: 1,
    rosenbrock: 0.3,
  },
  {
    name: "larc",
    make: (learningRate, o) => larc({ learningRate, ...o }),
    reference: () => larsReference(true),
    parabola: 0.01,
    rosenbrock: 1e-3,
  },
  {
    name: "sophia",
    make: (learningRate, o) => sophia({ learningRate, ...o, batchScale: 100, every: 3 }),
    reference: () => sophiaReference(sampled),
    parabola: 0.05,
    rosenbrock: 0.04,
    needsEvaluate: true,
  },
  {
    name: "shampoo",
    make: (learningRate, o) => shampoo({ learningRate, ...o, every: 4, ridge: 1e-4 }),
    reference: () => shampooReference(1e-4),
    parabola: 0.1,
    rosenbrock: 0.1,
    tolerance: 2e-5,
  },
  {
    name: "muon",
    make: (learningRate, o) => muon({ learningRate, ...o, adamw: { learningRate, ...o } }),
    reference: () => muonReference(),
    parabola: 0.05,
    rosenbrock: 0.04,
  },
  {
    name: "muon by the polar express, neuron by neuron, with cautious decay",
    make: (learningRate, o) =>
      muon({
        ...{ learningRate, ...o, adamw: { learningRate, ...o } },
        ...{ method: "polar-express", neuronwise: true, cautious: true },
      }),
    reference: () => muonReference({ polarExpress: true, neuronwise: true, cautious: true }),
    parabola: 0.05,
    rosenbrock: 0.03,
    tolerance: 1e-5,
  },
  {
    name: "adahessian",
    make: (learningRate, o) => adahessian({ learningRate, ...o }),
    reference: () => adahessianReference(diagonal),
    parabola: 0.2,
    rosenbrock: 0.15,
    needsEvaluate: true,
    tolerance: 5e-6,
  },
  {
    name: "agd",
    make: (learningRate) => agd({ learningRate }),
    reference: agdReference,
    parabola: 1,
    rosenbrock: 0.3,
  },
  {
    name: "sam over adamw",
    make: (learningRate, o) => sam(adamw({ learningRate, ...o })),
    reference: () => samReference(diagonal),
    parabola: 0.1,
    rosenbrock: 0.1,
    needsEvaluate: true,
    eachMicrobatch: true,
  },
];

/** What rows that ask for more gradients are given. */
export const fixed: Evaluate = (params, { targets } = {}) =>
  targets === "sampled"
    ? tensors(sampled)
    : mapTensors(params, (param, name) => mul(param, tensor(diagonal[name]!, [...shapes[name]!])));

export const given = (grads: TensorMap, row: Row): Gradients =>
  row.needsEvaluate ? { grads, evaluate: fixed } : grads;
