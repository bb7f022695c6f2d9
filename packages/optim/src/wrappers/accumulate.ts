import { fault } from "@cramkit/errors";
import { add, mul, scalar, square, type Tensor, tidy } from "@tensorflow/tfjs-core";
import type {
  Optimizer,
  OptimizerKernels,
  OptimizerState,
  Progress,
  TensorMap,
  Updated,
  Updating,
} from "../contracts.ts";
import { checkCount, checkFit, checkNoMore, checkPositive } from "../state/check.ts";
import { after, defineWrapper } from "../state/define-optimizer.ts";
import { globalNorm, scaleEach } from "../state/device-scalar.ts";
import { ofLastMicrobatch } from "../state/evaluation.ts";
import { asMeasured, disposeMap, mapTensors, unsharedMap, zerosOf } from "../state/tensor-map.ts";

export interface AccumulateOptions {
  /** Examples to see before the parameters change; a function is read when a new batch begins. */
  batchSize: number | ((progress: Progress) => number);
  /** Examples that each call of `update` stands for. */
  microbatchSize: number;
  /**
   * Keep the squared norms that `gradientNoiseScale` needs in the state, at the cost of reading the gradients again.
   *
   * @defaultValue false
   */
  measureNoise?: boolean;
  /** @defaultValue none: sums and norms are made of tfjs-core's operations */
  kernels?: OptimizerKernels;
}

export type AccumulateState = {
  /** Microbatches seen and wanted of the batch that is under way. */
  count: number;
  target: number;
  /** Targets that the batch has seen; 0 if its gradients do not say. */
  targets: number;
  /** Targets of its first microbatch that had any: gradients are summed in proportion to it, so that equal ones are only added. */
  unit: number;
  /** Empty between two batches: the first microbatch's gradients become the sum, without a copy. */
  sums: TensorMap;
  /**
   * Scalars, empty without `measureNoise`: of the last whole batch the mean of the squared norms of its microbatches'
   * gradients, `small`, and the squared norm of their mean, `big`; `running`, the sum so far of the batch under way.
   */
  noise: TensorMap;
  inner: OptimizerState;
};

/**
 * Hands the mean gradient of several microbatches to `inner`: as many as it takes to see at least `batchSize` examples.
 * Microbatches weigh as many as their `targets`, so that the mean is that of the whole batch however its masks fall, or the same
 * if their gradients do not say. The division travels with the gradients as a factor. A microbatch that arrives with a scale
 * of 0, or one that is not finite, adds nothing; a batch without a target is skipped.
 */
export const accumulate = <R extends Updating>(
  inner: Optimizer<R>,
  { batchSize, microbatchSize, measureNoise = false, kernels = {}, ...unknown }: AccumulateOptions,
): Optimizer<R | Updated> => {
  checkNoMore("accumulate", unknown, "batchSize, microbatchSize, measureNoise, kernels");
  checkCount("accumulate", { microbatchSize });
  if (typeof batchSize === "number") checkPositive("accumulate", { batchSize });
  const microbatches = (progress: Progress) => {
    const examples = typeof batchSize === "function" ? batchSize(progress) : batchSize;
    checkPositive("accumulate", { batchSize: examples });
    return Math.ceil(examples / microbatchSize);
  };
  return defineWrapper<AccumulateState, R>(inner, {
    init: (params) => ({
      count: 0,
      target: 0,
      targets: 0,
      unit: 0,
      sums: {},
      noise: measureNoise ? zeroNoise() : {},
      inner: inner.init(params),
    }),
    update(gradients, state, params, progress, gradScale) {
      const { grads: given, evaluate, targets: own } = asMeasured(gradients);
      checkFit("accumulate", "gradients", given, params);
      const isFirst = state.count === 0;
      const target = isFirst ? microbatches(progress) : state.target;
      if (!isFirst) checkFit("accumulate", "sums", state.sums, params);
      checkTargets(own, state);
      const scaled = gradScale ? scaleEach(given, gradScale) : given;
      // A mean over no target may be NaN; it counts for nothing.
      const grads = own === 0 ? zeros(scaled) : scaled;
      const targets = state.targets + (own ?? 0);
      const unit = state.unit || (own ?? 0);
      const weight = unit > 0 ? (own ?? 0) / unit : 1;
      let noise = measureNoise ? withMicrobatch(state.noise, grads, kernels) : state.noise;
      const sums = isFirst ? firstSum(grads, target, kernels) : addTo(state.sums, grads, weight, kernels);
      const count = state.count + 1;
      if (count < target)
        return { params, state: { ...state, count, target, targets, unit, sums, noise }, applied: false };
      // Of a batch without a target nothing is known: a scale of 0 skips its step.
      const total = own === undefined ? target : targets / (unit || 1);
      if (measureNoise) noise = withBatch(noise, sums, target, total, kernels);
      const mean = total === 1 ? undefined : scalar(total === 0 ? 0 : 1 / total);
      const measured = ofLastMicrobatch(sums, evaluate, own === undefined ? undefined : targets);
      return after(
        () => inner.update(measured, state.inner, params, progress, mean),
        (result) => ({
          ...result,
          state: { count: 0, target: 0, targets: 0, unit: 0, sums: {}, noise, inner: result.state },
        }),
        () => mean?.dispose(),
      );
    },
  });
};

/** The batch at its beginning again, for microbatches of another size. Consumes the state. */
export const restartAccumulation = (state: AccumulateState): AccumulateState => {
  disposeMap(state.sums);
  return { ...state, count: 0, target: 0, targets: 0, unit: 0, sums: {} };
};

const checkTargets = (targets: number | undefined, { count, targets: seen, unit }: AccumulateState): void => {
  if (targets !== undefined && !(Number.isFinite(targets) && targets >= 0))
    throw fault({
      code: "invalid-argument",
      place: "accumulate",
      problem: `expected "targets" to be a finite number of at least 0, got ${targets}`,
      type: RangeError,
    });
  if (count > 0 && targets === undefined && seen + unit > 0)
    throw fault({
      code: "invalid-argument",
      place: "accumulate",
      problem: `expected "targets" with every microbatch of a batch or with none, got none after ${seen}`,
      remedy: "have the gradient function return them each time",
      type: RangeError,
    });
};

/** Consumes the map. */
const zeros = (map: TensorMap): TensorMap => {
  const empty = zerosOf(map);
  disposeMap(map);
  return empty;
};

const zeroNoise = (): TensorMap => ({ running: scalar(0), small: scalar(0), big: scalar(0) });

/** Kernels write into the sum later on, so it must not share its data. */
const firstSum = (grads: TensorMap, target: number, kernels: OptimizerKernels): TensorMap =>
  target > 1 && kernels.accumulate ? unsharedMap(grads) : grads;

/** `sums + weight grads`: consumes both. */
const addTo = (sums: TensorMap, grads: TensorMap, weight: number, kernels: OptimizerKernels): TensorMap => {
  if (kernels.accumulate) {
    const inOrder = Object.keys(sums).map((name) => grads[name]!);
    kernels.accumulate(Object.values(sums), inOrder, weight);
    disposeMap(grads);
    return sums;
  }
  const next = mapTensors(sums, (sum, name) => add(sum, weight === 1 ? grads[name]! : mul(grads[name]!, weight)));
  disposeMap(sums);
  disposeMap(grads);
  return next;
};

const squaredNorm = (map: TensorMap, kernels: OptimizerKernels): Tensor => {
  const norm = globalNorm(map, kernels);
  const squared = square(norm);
  norm.dispose();
  return squared;
};

const withMicrobatch = (noise: TensorMap, grads: TensorMap, kernels: OptimizerKernels): TensorMap => {
  const squared = squaredNorm(grads, kernels);
  const running = add(noise.running!, squared);
  squared.dispose();
  noise.running!.dispose();
  return { ...noise, running };
};

const withBatch = (
  noise: TensorMap,
  sums: TensorMap,
  count: number,
  total: number,
  kernels: OptimizerKernels,
): TensorMap => {
  const squared = squaredNorm(sums, kernels);
  const next = tidy(() => ({
    running: scalar(0),
    small: mul(noise.running!, 1 / count),
    big: mul(squared, total === 0 ? 0 : 1 / total ** 2),
  }));
  squared.dispose();
  disposeMap(noise);
  return next;
};
