import { reshape, type Tensor, type Tensor2D } from "@tensorflow/tfjs-core";

/** Length of the last axis. */
export const lastAxis = (x: Tensor): number => x.shape[x.shape.length - 1]!;

/** Product of all axes but the last. */
export const rowCount = (x: Tensor): number => x.shape.slice(0, -1).reduce((a, b) => a * b, 1);

/** `x [..., n]` as `[rows, n]`. */
export const asRows = (x: Tensor): Tensor2D => reshape(x, [rowCount(x), lastAxis(x)]) as Tensor2D;
