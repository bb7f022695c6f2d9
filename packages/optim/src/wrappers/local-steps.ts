import { checkOptions, fault, type KnownOptions } from "@cramkit/errors";
import { add, mul, sub, tensor } from "@tensorflow/tfjs-core";
import type { Optimizer, OptimizerState, TensorMap, Updated, Updating } from "../contracts.ts";
import { checkCount, checkNonNegative, checkPositive } from "../state/check.ts";
import { defineOptimizer } from "../state/define-optimizer.ts";
import { stateFromTensors, stateLayout, stateTensors } from "../state/state.ts";
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
  /**
   * Nesterov momentum of the outer optimizer, at least 0 and below 1. The paper has 0.9, over hundreds of steps between exchanges.
   *
   * @defaultValue 0.8
   */
  outerMomentum?: number;
  /**
   * Another way to sum over all ranks what the parameters have moved, such as one that sends float16.
   *
   * @defaultValue `ranks.allReduce`
   */
  sum?: (values: Float32Array) => Promise<void>;
}

export const localStepsOptions: KnownOptions<LocalStepsOptions> = {
  ranks: true,
  every: true,
  outerLearningRate: true,
  outerMomentum: true,
  sum: true,
};

export type LocalStepsState = {
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
 * What `inner` remembers, such as AdamW's moments, becomes its mean over all ranks at each exchange too (not so in the paper):
 * the state is the same on every rank then, and one rank's checkpoint is that of all.
 *
 * Put it outside of everything but `accumulate`: `accumulate(localSteps(clip(adamw()), { ranks }), ...)`. All ranks must apply
 * equally many steps; a step that only the device skips counts.
 */
export const localSteps = (inner: Optimizer<Updating>, options: LocalStepsOptions): Optimizer<Promise<Updated>> => {
  checkOptions("localSteps", options, localStepsOptions);
  const { every = 50, outerLearningRate = 0.7, outerMomentum = 0.8 } = options;
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
      const next = { state: { ...state, count, inner: result.state }, params: result.params };
      return { ...(count < every ? next : await exchange(next, options)), applied: result.applied };
    },
  });
};

/** The outer step, after however many inner ones. Consumes what it is given. */
export const exchange = async (
  { state, params }: { state: LocalStepsState; params: TensorMap },
  { ranks, outerLearningRate = 0.7, outerMomentum = 0.8, sum = (values) => ranks.allReduce(values) }: LocalStepsOptions,
): Promise<{ state: LocalStepsState; params: TensorMap }> => {
  const moved = mapTensors(state.anchor, (anchor, name) => sub(anchor, params[name]!));
  const delta = await meanOver(ranks.size, sum, moved);
  disposeMap(moved);
  disposeMap(params);
  const momentum = mapTensors(state.momentum, (old, name) => add(mul(old, outerMomentum), delta[name]!));
  const anchor = mapTensors(state.anchor, (old, name) =>
    sub(old, mul(add(delta[name]!, mul(momentum[name]!, outerMomentum)), outerLearningRate)),
  );
  for (const map of [delta, state.momentum, state.anchor]) disposeMap(map);
  const inner = await meanOfStates(ranks, state.inner);
  // An optimizer inside may write into the parameters.
  return { params: mapTensors(anchor, copy), state: { count: 0, anchor, momentum, inner } };
};

/** Consumes the state. */
const meanOfStates = async (ranks: Ranks, state: OptimizerState): Promise<OptimizerState> => {
  if (ranks.size === 1) return state;
  const tensors = stateTensors(state);
  const floats = Object.fromEntries(Object.entries(tensors).filter(([, { dtype }]) => dtype === "float32"));
  const means = await meanOver(ranks.size, (values) => ranks.allReduce(values), floats);
  disposeMap(floats);
  return stateFromTensors<OptimizerState>(stateLayout(state), { ...tensors, ...means });
};

/** Means over the ranks, as new tensors; all are exchanged at once. */
const meanOver = async (
  size: number,
  sum: (values: Float32Array) => Promise<void>,
  tensors: TensorMap,
): Promise<TensorMap> => {
  const entries = Object.entries(tensors);
  const values = new Float32Array(entries.reduce((total, [, tensor]) => total + tensor.size, 0));
  let at = 0;
  for (const [, tensor] of entries) {
    values.set(await tensor.data<"float32">(), at);
    at += tensor.size;
  }
  await sum(values);
  const means: Record<string, ReturnType<typeof tensor>> = {};
  at = 0;
  for (const [name, { shape, size: length }] of entries) {
    means[name] = tensor(
      values.slice(at, at + length).map((value) => value / size),
      shape,
      "float32",
    );
    at += length;
  }
  return means;
};
