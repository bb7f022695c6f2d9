import {
  abs,
  add,
  lessEqual,
  logicalAnd,
  mul,
  notEqual,
  scalar,
  sqrt,
  square,
  sum,
  type Tensor,
  tidy,
  where,
} from "@tensorflow/tfjs-core";
import type { OptimizerKernels, TensorMap } from "../contracts.ts";
import { disposeMap, mapTensors } from "./tensor-map.ts";

// Decisions on values that only the device knows. Reading them would stall the device, and cannot be done at all
// without waiting if the backend is WebGPU.

const largestFloat = 3.4028234663852886e38;

/** scalar -> bool scalar */
export const isFiniteScalar = (x: Tensor): Tensor => tidy(() => lessEqual(abs(x), largestFloat));

/** Whether a step with this scale is taken: bool scalar. */
export const isTaken = (gradScale: Tensor): Tensor =>
  tidy(() => logicalAnd(isFiniteScalar(gradScale), notEqual(gradScale, 0)));

/** `value` if `taken`, else `otherwise`: scalar. */
export const choose = (taken: Tensor, value: number | Tensor, otherwise: number | Tensor): Tensor =>
  tidy(() => where(taken, asScalar(value), asScalar(otherwise)));

const asScalar = (value: number | Tensor): Tensor => (typeof value === "number" ? scalar(value) : value);

/**
 * The sum of tensors of one shape, in pairs of neighbours: tfjs's addN binds all of them at once, which WebGPU allows for
 * a handful only. Not for an empty list.
 */
export const sumOf = (tensors: readonly Tensor[]): Tensor => {
  if (tensors.length === 1) return tensors[0]!;
  const half = tensors.length >> 1;
  return add(sumOf(tensors.slice(0, half)), sumOf(tensors.slice(half)));
};

/** The L2 norm over all tensors: scalar. */
export const globalNorm = (tensors: TensorMap, kernels: OptimizerKernels = {}): Tensor => {
  const list = Object.values(tensors);
  if (kernels.globalNorm) return kernels.globalNorm(list);
  return tidy(() => (list.length === 0 ? scalar(0) : sqrt(sumOf(list.map((tensor) => sum(square(tensor)))))));
};

/** The gradients times their scale, and zeros if the step is skipped, whatever they hold: borrows all. */
export const scaledOrZero = (grad: Tensor, gradScale: Tensor, taken: Tensor): Tensor =>
  tidy(() => where(taken, mul(grad, gradScale), 0));

/** The same for all tensors of a map: consumes `grads`. */
export const scaleEach = (grads: TensorMap, gradScale: Tensor): TensorMap => {
  const taken = isTaken(gradScale);
  const scaled = mapTensors(grads, (grad) => scaledOrZero(grad, gradScale, taken));
  taken.dispose();
  disposeMap(grads);
  return scaled;
};
