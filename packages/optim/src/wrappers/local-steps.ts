import { checkOptions, fault } from "@cramkit/errors";
import { add, mul, sub, tensor } from "@tensorflow/tfjs-core";
import type { Optimizer, OptimizerState, TensorMap, Updated, Updating } from "../contracts.ts";
import { checkCount, checkNonNegative, checkPositive } from "../state/check.ts";
import { defineOptimizer } from "../state/define-optimizer.ts";
import { copy, disposeMap, mapTensors, zerosOf } from "../state/tensor-map.ts";
import type { Ranks } from "./all-reduce.ts";

export interface LocalStepsOptions {
  ranks: Ranks;
  /**
   * Steps that each rank takes on its own between two exchanges.
   *
   * @defaultValue 50
   */
  every?: number;
  /** Learning rate of the outer optimizer. @defaultValue 0.7 */
  outerLearningRate?: number;
  /** Nesterov momentum of the outer optimizer, at least 0 and below 1. @defaultValue 0.9 */
  outerMomentum?: number;
}

type LocalStepsState = {
  /** Steps since the last exchange. */
  count: number;
  /** The parameters that all ranks had after the last exchange. */
  anchor: TensorMap;
  momentum: TensorMap;
  inner: OptimizerState;
};

/**
 * DiLoCo (Douillard et al., arXiv 2311.08105): every rank takes `every` steps of `inner` on its own data; then the mean of
 * what they moved is the gradient of an outer step of SGD with Nesterov momentum, from which all go on. For links over which
 * gradients cannot be exchanged at every step.
 *
 *     delta = anchor - mean over ranks of params
 *     momentum = outerMomentum momentum + delta
 *     anchor -= outerLearningRate (delta + outerMomentum momentum);  params = anchor
 *
 * Put it outside of everything but `accumulate`: `accumulate(localSteps(clip(adamw()), { ranks }), ...)`. All ranks must apply
 * equally many steps; a step that only the device skips counts.
 */
export const localSteps = (inner: Optimizer<Updating>, options: LocalStepsOptions): Optimizer<Promise<Updated>> => {
  checkOptions("localSteps", options, { ranks: true, every: true, outerLearningRate: true, outerMomentum: true });
  const { ranks, every = 50, outerLearningRate = 0.7, outerMomentum = 0.9 } = options;
  checkCount("localSteps", { every });
  checkPositive("localSteps", { outerLearningRate });
  checkNonNegative("localSteps", { outerMomentum });
  if (outerMomentum >= 1)
    throw fault({
      code: "invalid-argument",
      place: "localSteps",
      problem: `expected an outerMomentum below 1, got ${outerMomentum}`,
      type: RangeError,
    });
  return defineOptimizer<LocalStepsState>({
    init: (params) => ({
      count: 0,
      anchor: mapTensors(params, copy),
      momentum: zerosOf(params),
      inner: inner.init(params),
    }),
    async update(gradients, state, params, progress, gradScale) {
      const result = await inner.update(gradients, state.inner, params, progress, gradScale);
      const count = state.count + (result.applied ? 1 : 0);
      if (count < every) return { ...result, state: { ...state, count, inner: result.state } };
      const means = await meanOver(ranks, result.params);
      const delta = mapTensors(state.anchor, (anchor, name) => sub(anchor, means[name]!));
      disposeMap(means);
      disposeMap(result.params);
      const momentum = mapTensors(state.momentum, (old, name) => add(mul(old, outerMomentum), delta[name]!));
      const anchor = mapTensors(state.anchor, (old, name) =>
        sub(old, mul(add(delta[name]!, mul(momentum[name]!, outerMomentum)), outerLearningRate)),
      );
      for (const map of [delta, state.momentum, state.anchor]) disposeMap(map);
      return {
        params: mapTensors(anchor, copy), // an optimizer inside may write into them
        state: { count: 0, anchor, momentum, inner: result.state },
        applied: result.applied,
      };
    },
  });
};

const meanOver = async (ranks: Ranks, params: TensorMap): Promise<TensorMap> => {
  const means: Record<string, ReturnType<typeof tensor>> = {};
  for (const [name, param] of Object.entries(params)) {
    const values = (await param.data<"float32">()).slice();
    await ranks.allReduce(values);
    for (let i = 0; i < values.length; i++) values[i]! /= ranks.size;
    means[name] = tensor(values, param.shape, "float32");
  }
  return means;
};
