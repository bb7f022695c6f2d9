import { broadcastTo, reshape, sum, type Tensor } from "@tensorflow/tfjs-core";
import { linearGradBias } from "../linear/gradient.ts";

/** Sums `dy` over the axes along which an operand of `shape` was broadcast. */
export const reduceTo = (dy: Tensor, shape: number[]): Tensor => {
  const offset = dy.shape.length - shape.length;
  const axes = dy.shape.flatMap((length, i) => (i < offset || (shape[i - offset] === 1 && length !== 1) ? [i] : []));
  if (axes.length === 0) return reshape(dy, shape);
  // Over the leading axes it is a sum over rows, as a bias has one: tfjs's own would turn the whole tensor first.
  if (dy.size > 0 && dy.dtype === "float32" && axes.length === offset && offset > 0) {
    const width = shape.reduce((a, b) => a * b, 1);
    return reshape(linearGradBias(reshape(dy, [dy.size / width, width])), shape);
  }
  return reshape(sum(dy, axes), shape);
};

/** Axes as non-negative numbers; absent means all. */
export const axesOf = (axis: number | number[] | undefined | null, rank: number): number[] =>
  (axis === undefined || axis === null ? Array.from({ length: rank }, (_, i) => i) : [axis].flat()).map((i) =>
    i < 0 ? i + rank : i,
  );

/** Spreads a reduced tensor back over `shape`, whether or not the reduction kept its axes. */
export const spread = (reduced: Tensor, axes: number[], shape: number[]): Tensor =>
  broadcastTo(keepAxes(reduced, axes, shape), shape);

/** A reduced tensor with its axes kept as length 1. */
export const keepAxes = (reduced: Tensor, axes: number[], shape: number[]): Tensor =>
  reshape(
    reduced,
    shape.map((length, i) => (axes.includes(i) ? 1 : length)),
  );
