import "@tensorflow/tfjs-backend-cpu";
import { expect, it } from "vitest";
import {
  disposeState,
  type StudyOptimizerName,
  studyHyperparameters,
  studyOptimizer,
  studyOptimizerNames,
} from "../index.ts";
import { disposeMap } from "../state/tensor-map.ts";
import { numbers, plainKernels, progressAt, read, tensors, worstError } from "../testing/numbers.testing.ts";
import { fixed } from "../testing/rows.testing.ts";
import { listed } from "../testing/run.testing.ts";

const step = async (optimizer: ReturnType<typeof studyOptimizer>) => {
  const params = tensors(numbers(1));
  const gradients = { grads: tensors(numbers(2)), evaluate: fixed };
  const result = optimizer.update(gradients, optimizer.init(params), params, progressAt(0));
  const values = await read(result.params);
  disposeMap(result.params);
  disposeState(result.state);
  return values;
};

it.each(studyOptimizerNames)("%s takes a step, with its own rate and with a schedule", async (name) => {
  const plain = await step(studyOptimizer(name));
  expect(worstError(plain, numbers(1))).toBeGreaterThan(1e-6);
  expect(worstError(await step(studyOptimizer(name, { kernels: plainKernels })), listed(plain))).toBeLessThan(1e-6);
  expect(worstError(await step(studyOptimizer(name, { learningRate: () => 0, schedule: () => 0 })), numbers(1))).toBe(
    0,
  );
  expect(worstError(await step(studyOptimizer(name, { schedule: () => 0 })), numbers(1))).toBe(0);
});

/** The study's own numbers, restated: betas, epsilon, decay and what else its configurations hold. */
const published: Record<StudyOptimizerName, object> = {
  adam: { learningRate: 5e-4, b1: 0.9, b2: 0.98, epsilon: 1e-12, weightDecay: 0.01 },
  adam_classic: { learningRate: 5e-4, b1: 0.9, b2: 0.999, epsilon: 1e-8, weightDecay: 0.01 },
  adam8bit: { learningRate: 5e-4, b1: 0.9, b2: 0.98, epsilon: 1e-12, weightDecay: 0.01 },
  adamscale: { learningRate: 5e-4, b1: 0.9, b2: 0.98, epsilon: 1e-12, weightDecay: 0.01 },
  radam: { learningRate: 5e-4, b1: 0.9, b2: 0.98, epsilon: 1e-12, weightDecay: 0.01 },
  adafactor: { learningRate: 1e-3, epsilon: 1e-30, threshold: 1, decay: -0.8, weightDecay: 0, scaleParameter: false },
  sgd: { learningRate: 5e-4, momentum: 0.9, nesterov: true, weightDecay: 0.01 },
  lion: { learningRate: 1e-4, b1: 0.9, b2: 0.99, weightDecay: 0.1 },
  sophia: { learningRate: 1e-3, b1: 0.965, b2: 0.99, weightDecay: 0.1, rho: 0.04, batchScale: 5120 },
  adahessian: { learningRate: 0.15, b1: 0.9, b2: 0.98, epsilon: 1e-12, weightDecay: 0.01, hessianPower: 1 },
  shampoo: { learningRate: 5e-4, b1: 0.9, b2: 0.98, weightDecay: 0.01, epsilon: 1e-8, graftB2: 0.999 },
  agd: { gain: 1 },
  lars: { trust: 0.02, epsilon: 1e-8 },
  larc: { trust: 0.02, epsilon: 1e-8 },
  sam: { rho: 0.05, b1: 0.9, b2: 0.98, epsilon: 1e-12, weightDecay: 0.01 },
  stable_adamw: { b1: 0.9, b2: 0.98, weightDecay: 0.01 },
  lamb: { b1: 0.9, b2: 0.999, epsilon: 1e-6, weightDecay: 0.01 },
  muon: { learningRate: 0.02, momentum: 0.95, nesterov: true, iterations: 5, method: "newton-schulz" },
};

it.each(studyOptimizerNames)("%s has the study's hyperparameters", (name) => {
  expect(studyHyperparameters(name)).toMatchObject(published[name]);
});

it.each(
  studyOptimizerNames.flatMap((name) =>
    Object.entries(studyHyperparameters(name)).flatMap(([field, value]): [StudyOptimizerName, string, object][] =>
      typeof value === "object"
        ? Object.entries(value as Record<string, number>).map(([inner, number]) => [
            name,
            `${field}.${inner}`,
            { [field]: { [inner]: other(inner, number) } },
          ])
        : [[name, field, { [field]: other(field, value) }]],
    ),
  ),
)("%s listens to %s", async (name, _, overrides) => {
  // RAdam divides by its second moment from the sixth step on; LARC's bound holds for small gradients.
  const seven = async (optimizer: ReturnType<typeof studyOptimizer>) => {
    let params = tensors(numbers(1));
    let state = optimizer.init(params);
    for (let i = 0; i < 7; i++) {
      const gradients = { grads: tensors(numbers(i + 2, 30)), evaluate: fixed };
      ({ params, state } = optimizer.update(gradients, state, params, progressAt(i)));
    }
    const values = await read(params);
    disposeMap(params);
    disposeState(state);
    return values;
  };
  expect(await seven(studyOptimizer(name, overrides))).not.toEqual(await seven(studyOptimizer(name)));
});

function other(field: string, value: number | boolean | string): number | boolean | string {
  if (typeof value === "string") return "polar-express";
  if (typeof value === "boolean") return !value;
  if (field === "every") return 2;
  if (field === "longest") return 3;
  if (field === "decay") return -0.5;
  if (field === "epsilon" || field === "ridge") return 0.1;
  if (field === "batchScale") return 1;
  if (field === "difference") return 0.5;
  if (field === "threshold") return 0.1;
  if (field === "iterations") return 2;
  return value === 0 ? 0.3 : value / 2;
}

it("refuses a name, and a hyperparameter, that it does not know", () => {
  expect(() => studyOptimizer("adam9bit" as StudyOptimizerName)).toThrow(/expected one of adam, .*, got adam9bit/);
  expect(() => studyOptimizer("lion", { epsilon: 1 } as object)).toThrow(
    'studyOptimizer: expected hyperparameters of lion, which has learningRate, b1, b2, weightDecay, got "epsilon"',
  );
  expect(() => studyOptimizer("muon", { adamw: { rho: 1 } } as object)).toThrow("muon's adamw, which has");
  expect(() => studyOptimizer("lion", { b1: 1 })).toThrow('"b1" in [0, 1), got 1');
});
