import { add, mul, scalar, square, type Tensor, tidy } from "@tensorflow/tfjs-core";
import type { Kernels, Optimizer, Progress, State, TensorMap } from "../contracts.ts";
import { checkCount, checkFit, checkPositive } from "../state/check.ts";
import { globalNorm, scaleEach } from "../state/device-scalar.ts";
import { ofLastMicrobatch } from "../state/evaluation.ts";
import { asEvaluation, disposeMap, mapTensors, unsharedMap } from "../state/tensor-map.ts";

export interface AccumulateOptions {
  /** Examples to see before the parameters change; a function is read when a new batch begins. */
  batchSize: number | ((progress: Progress) => number);
  /** Examples that each call of `update` stands for. */
  microbatchSize: number;
  /** Keep the squared norms that `gradientNoiseScale` needs in the state, at the cost of reading the gradients again. */
  measureNoise?: boolean;
  kernels?: Kernels;
}

export type AccumulateState<S extends State = State> = {
  /** Microbatches seen and wanted of the batch that is under way. */
  count: number;
  target: number;
  /** Empty between two batches: the first microbatch's gradients become the sum, without a copy. */
  sums: TensorMap;
  /**
   * Scalars, empty without `measureNoise`: of the last whole batch the mean of the squared norms of its microbatches'
   * gradients, `small`, and the squared norm of their mean, `big`; `running`, the sum so far of the batch under way.
   */
  noise: TensorMap;
  inner: S;
};

/**
 * Hands the mean gradient of several microbatches to `inner`: as many as it takes to see at least `batchSize` examples.
 * The division by their number travels with the gradients as a factor. A microbatch that arrives with a scale of 0, or
 * one that is not finite, adds nothing.
 */
export const accumulate = <S extends State>(
  inner: Optimizer<S>,
  { batchSize, microbatchSize, measureNoise = false, kernels = {} }: AccumulateOptions,
): Optimizer<AccumulateState<S>> => {
  checkCount("accumulate", { microbatchSize });
  if (typeof batchSize === "number") checkPositive("accumulate", { batchSize });
  const microbatches = (progress: Progress) => {
    const examples = typeof batchSize === "function" ? batchSize(progress) : batchSize;
    checkPositive("accumulate", { batchSize: examples });
    return Math.ceil(examples / microbatchSize);
  };
  return {
    init: (params) => ({
      count: 0,
      target: 0,
      sums: {},
      noise: measureNoise ? zeroNoise() : {},
      inner: inner.init(params),
    }),
    update(gradients, state, params, progress, gradScale) {
      const { grads: given, evaluate } = asEvaluation(gradients);
      checkFit("accumulate", "gradients", given, params);
      const isFirst = state.count === 0;
      const target = isFirst ? microbatches(progress) : state.target;
      if (!isFirst) checkFit("accumulate", "sums", state.sums, params);
      const grads = gradScale ? scaleEach(given, gradScale) : given;
      let noise = measureNoise ? withMicrobatch(state.noise, grads, kernels) : state.noise;
      const sums = isFirst ? firstSum(grads, target, kernels) : addTo(state.sums, grads, kernels);
      const count = state.count + 1;
      if (count < target) return { params, state: { ...state, count, target, sums, noise }, applied: false };
      if (measureNoise) noise = withBatch(noise, sums, target, kernels);
      const mean = target === 1 ? undefined : scalar(1 / target);
      const result = inner.update(ofLastMicrobatch(sums, evaluate), state.inner, params, progress, mean);
      mean?.dispose();
      return { ...result, state: { count: 0, target: 0, sums: {}, noise, inner: result.state } };
    },
  };
};

const zeroNoise = (): TensorMap => ({ running: scalar(0), small: scalar(0), big: scalar(0) });

/** Kernels write into the sum later on, so it must not share its data. */
const firstSum = (grads: TensorMap, target: number, kernels: Kernels): TensorMap =>
  target > 1 && kernels.accumulate ? unsharedMap(grads) : grads;

/** Consumes both. */
const addTo = (sums: TensorMap, grads: TensorMap, kernels: Kernels): TensorMap => {
  if (kernels.accumulate) {
    for (const [name, sum] of Object.entries(sums)) kernels.accumulate(sum, grads[name]!, 1);
    disposeMap(grads);
    return sums;
  }
  const next = mapTensors(sums, (sum, name) => add(sum, grads[name]!));
  disposeMap(sums);
  disposeMap(grads);
  return next;
};

const squaredNorm = (map: TensorMap, kernels: Kernels): Tensor => {
  const norm = globalNorm(map, kernels);
  const squared = square(norm);
  norm.dispose();
  return squared;
};

const withMicrobatch = (noise: TensorMap, grads: TensorMap, kernels: Kernels): TensorMap => {
  const squared = squaredNorm(grads, kernels);
  const running = add(noise.running!, squared);
  squared.dispose();
  noise.running!.dispose();
  return { ...noise, running };
};

const withBatch = (noise: TensorMap, sums: TensorMap, count: number, kernels: Kernels): TensorMap => {
  const squared = squaredNorm(sums, kernels);
  const next = tidy(() => ({
    running: scalar(0),
    small: mul(noise.running!, 1 / count),
    big: mul(squared, 1 / count ** 2),
  }));
  squared.dispose();
  disposeMap(noise);
  return next;
};
