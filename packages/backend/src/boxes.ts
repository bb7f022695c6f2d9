import { backend_util, slice_util, type Tensor, type TensorInfo, util } from "@tensorflow/tfjs-core";
import { stridesOf } from "./shape.ts";

/** A box of elements: its lengths, and where its first element and the steps along each axis are, read and written. */
export interface Box {
  readonly lengths: readonly number[];
  readonly from: readonly number[];
  readonly to: readonly number[];
  /** @defaultValue `0` */
  readonly fromStart?: number;
  /** @defaultValue `0` */
  readonly toStart?: number;
}

/** A box of a tensor, and the shape of the tensor that it is written to. */
export interface Moved {
  readonly shape: number[];
  readonly box: Box;
}

interface Axis {
  readonly length: number;
  readonly from: number;
  readonly to: number;
}

/** The axes of a box: those of length 1 are left out, and neighbours that continue each other are one. */
export const joinedAxes = ({ lengths, from, to }: Box): Axis[] => {
  const axes: Axis[] = [];
  for (const [i, length] of lengths.entries()) {
    if (length === 1) continue;
    const [outer, axis] = [axes.at(-1), { length, from: from[i]!, to: to[i]! }];
    if (outer && outer.from === axis.from * length && outer.to === axis.to * length)
      axes[axes.length - 1] = { ...axis, length: outer.length * length };
    else axes.push(axis);
  }
  return axes;
};

const offsetOf = (place: readonly number[], strides: readonly number[]): number =>
  place.reduce((sum, at, axis) => sum + at * strides[axis]!, 0);

export const transposeBox = ({ shape: before }: TensorInfo, perm: readonly number[]): Moved => {
  const strides = stridesOf(before);
  const shape = perm.map((axis) => before[axis]!);
  return { shape, box: { lengths: shape, from: perm.map((axis) => strides[axis]!), to: stridesOf(shape) } };
};

/** The part that begins somewhere, in steps. */
export const partBox = (
  { shape }: TensorInfo,
  begin: readonly number[],
  size: readonly number[],
  steps: readonly number[] = size.map(() => 1),
): Moved => {
  const strides = stridesOf(shape);
  const from = strides.map((stride, axis) => stride * steps[axis]!);
  return { shape: [...size], box: { lengths: size, from, to: stridesOf(size), fromStart: offsetOf(begin, strides) } };
};

/** The same by the attributes of tfjs's `Slice`. */
export const sliceBox = (x: TensorInfo, { begin, size }: { begin: number[]; size: number[] }): Moved => {
  const [start, shape] = slice_util.parseSliceParams(x as Tensor, begin, size) as [number[], number[]];
  slice_util.assertParamsValid(x, start, shape);
  return partBox(x, start, shape);
};

/** Parts of given lengths along an axis. */
export const partBoxes = (x: TensorInfo, axis: number, lengths: readonly number[]): Moved[] => {
  let at = 0;
  return lengths.map((length) => {
    const begin = x.shape.map((_, i) => (i === axis ? at : 0));
    at += length;
    return partBox(x, begin, x.shape.with(axis, length));
  });
};

/** The same by the attributes of tfjs's `SplitV`. */
export const splitBoxes = (
  x: TensorInfo,
  { numOrSizeSplits, axis }: { numOrSizeSplits: number | number[]; axis: number },
): Moved[] => {
  const [place] = util.parseAxisParam(axis, x.shape) as [number];
  return partBoxes(x, place, backend_util.prepareSplitSize(x as Tensor, numOrSizeSplits, place));
};

/** The whole, with room before and after it along each axis. */
export const padBox = ({ shape: before }: TensorInfo, paddings: readonly (readonly [number, number])[]): Moved => {
  const shape = before.map((length, axis) => paddings[axis]![0] + length + paddings[axis]![1]);
  const to = stridesOf(shape);
  const begin = paddings.map(([room]) => room);
  return { shape, box: { lengths: before, from: stridesOf(before), to, toStart: offsetOf(begin, to) } };
};

/** Each axis becomes two: repetitions, along which the input stands still, and the axis itself. */
export const tileBox = ({ shape: before }: TensorInfo, reps: readonly number[]): Moved => {
  const lengths = before.flatMap((length, axis) => [reps[axis]!, length]);
  const from = stridesOf(before).flatMap((stride) => [0, stride]);
  return { shape: before.map((length, axis) => length * reps[axis]!), box: { lengths, from, to: stridesOf(lengths) } };
};
