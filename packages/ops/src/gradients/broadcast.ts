import { broadcastTo, reshape, sum, type Tensor } from "@tensorflow/tfjs-core";

/** Sums `dy` over the axes along which an operand of `shape` was broadcast. */
export const reduceTo = (dy: Tensor, shape: number[]): Tensor => {
  const offset = dy.shape.length - shape.length;
  const axes = dy.shape.flatMap((length, i) => (i < offset || (shape[i - offset] === 1 && length !== 1) ? [i] : []));
  return reshape(axes.length > 0 ? sum(dy, axes) : dy, shape);
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
