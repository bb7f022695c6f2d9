import "@tensorflow/tfjs-backend-cpu";
import { profile, randomNormal, type Tensor } from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { disposeState } from "../state/state.ts";
import { disposeMap } from "../state/tensor-map.ts";
import { progressAt } from "../testing/numbers.testing.ts";
import { stepProducts } from "./step-products.ts";
import { type StudyOptimizerName, studyHyperparameters, studyOptimizer, studyOptimizerNames } from "./study.ts";

const shapes: Record<string, [number, number] | [number]> = {
  "encoder.embedding.word_embedding.weight": [30, 6],
  "encoder.layers.0.ffn.dense_in.weight": [20, 7],
  "encoder.layers.0.ffn.dense_out.weight": [7, 13],
  "encoder.layers.0.attn.dense.weight": [9, 9],
  "encoder.layers.0.norm1.weight": [9],
};

/** What the matrix products of a step really take, by the shapes of their operands. */
const profiled = async (name: StudyOptimizerName, changes: object): Promise<number> => {
  const random = () =>
    Object.fromEntries(Object.entries(shapes).map(([param, shape]) => [param, randomNormal(shape) as Tensor]));
  const params = random();
  const optimizer = studyOptimizer(name, changes);
  const state = optimizer.init(params);
  const grads = random();
  const { kernels } = await profile(() => {
    const next = optimizer.update({ grads }, state, params, progressAt(0));
    disposeMap(next.params);
    disposeState(next.state);
    return params;
  });
  return kernels
    .filter(({ name }) => name === "BatchMatMul")
    .reduce((sum, { inputShapes, outputShapes }) => {
      const columns = (outputShapes[0] as number[]).at(-1)!;
      const elements = (inputShapes[0] as number[]).reduce((product, size) => product * size, 1);
      return sum + 2 * elements * columns;
    }, 0);
};

it.each([
  ["muon", {}],
  ["muon", { iterations: 3, method: "polar-express", neuronwise: true, cautious: true }],
  ["shampoo", { every: 1 }],
  ["shampoo", { every: 1, longest: 8 }],
  ["adam", {}],
  ["lion", {}],
] as [StudyOptimizerName, object][])("counts the products of %s, %j", async (name, changes) => {
  const counted = stepProducts(name, { ...studyHyperparameters(name), ...changes }, shapes);
  expect(counted).toBe(await profiled(name, changes));
  expect(counted > 0).toBe(name === "muon" || name === "shampoo");
});

it("shares the roots of Shampoo out over the steps between them, and counts none for other optimizers", () => {
  const shampoo = (every: number) => stepProducts("shampoo", { ...studyHyperparameters("shampoo"), every }, shapes);
  const withoutRoots = shampoo(Number.POSITIVE_INFINITY);
  expect(shampoo(10) - withoutRoots).toBeCloseTo((shampoo(1) - withoutRoots) / 10);
  for (const name of studyOptimizerNames)
    if (name !== "muon" && name !== "shampoo") expect(stepProducts(name, studyHyperparameters(name), shapes)).toBe(0);
});
