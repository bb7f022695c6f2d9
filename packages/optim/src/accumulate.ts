import { add, mul, scalar, type Tensor } from "@tensorflow/tfjs-core";
import { checkCount, checkFit, checkPositive } from "./check.ts";
import { asEvaluation, mapTensors, unshared } from "./tensor-map.ts";
import type { Kernels, Optimizer, Progress, State, TensorMap } from "./types.ts";

export interface AccumulateOptions {
  /** Examples to see before the parameters change; a function is read when a new batch begins. */
  batchSize: number | ((progress: Progress) => number);
  /** Examples that each call of `update` stands for. */
  microbatchSize: number;
  kernels?: Kernels;
}

/** `sums` is empty between two batches: the first microbatch's gradients become the sum, without a copy. */
export type AccumulateState<S extends State = State> = { count: number; target: number; sums: TensorMap; inner: S };

/**
 * Hands the mean gradient of several microbatches to `inner`: as many as it takes to see at least `batchSize` examples.
 * The division by their number travels with the gradients as a factor.
 */
export const accumulate = <S extends State>(
  inner: Optimizer<S>,
  { batchSize, microbatchSize, kernels = {} }: AccumulateOptions,
): Optimizer<AccumulateState<S>> => {
  checkCount("accumulate", { microbatchSize });
  if (typeof batchSize === "number") checkPositive("accumulate", { batchSize });
  const microbatches = (progress: Progress) => {
    const examples = typeof batchSize === "function" ? batchSize(progress) : batchSize;
    checkPositive("accumulate", { batchSize: examples });
    return Math.ceil(examples / microbatchSize);
  };
  return {
    init: (params) => ({ count: 0, target: 0, sums: {}, inner: inner.init(params) }),
    update(gradients, state, params, progress, gradScale) {
      const { grads, evaluate } = asEvaluation(gradients);
      checkFit("accumulate", "gradients", grads, params);
      const isFirst = state.count === 0;
      const target = isFirst ? microbatches(progress) : state.target;
      if (!isFirst) checkFit("accumulate", "sums", state.sums, params);
      const sums = isFirst ? firstSum(grads, target, kernels) : addTo(state.sums, grads, kernels);
      const count = state.count + 1;
      if (count < target) return { params, state: { ...state, count, target, sums }, applied: false };
      const mean = target === 1 ? undefined : scalar(1 / target);
      const factor = mean && gradScale ? mul(mean, gradScale) : (mean ?? gradScale);
      const given = evaluate ? { grads: sums, evaluate } : sums;
      const result = inner.update(given, state.inner, params, progress, factor);
      if (factor !== gradScale) factor?.dispose();
      if (mean !== factor) mean?.dispose();
      return { ...result, state: { count: 0, target: 0, sums: {}, inner: result.state } };
    },
  };
};

const firstSum = (grads: TensorMap, target: number, kernels: Kernels): TensorMap =>
  target > 1 && kernels.accumulate
    ? Object.fromEntries(Object.entries(grads).map(([name, grad]) => [name, unshared(grad)]))
    : grads;

/** Consumes both. */
const addTo = (sums: TensorMap, grads: TensorMap, kernels: Kernels): TensorMap => {
  const sumWith = (sum: Tensor, name: string) => {
    if (!kernels.accumulate) return add(sum, grads[name]!);
    kernels.accumulate(sum, grads[name]!, 1);
    return sum;
  };
  const next = mapTensors(sums, sumWith);
  for (const [name, grad] of Object.entries(grads)) {
    grad.dispose();
    if (next[name] !== sums[name]) sums[name]!.dispose();
  }
  return next;
};
