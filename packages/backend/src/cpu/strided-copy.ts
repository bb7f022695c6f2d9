import type { backend_util } from "@tensorflow/tfjs-core";

/** Where elements lie: the one at (i, j, ...) at `offset + i * strides[0] + j * strides[1] + ...`. */
export interface Strided {
  readonly values: backend_util.TypedArray;
  readonly offset: number;
  readonly strides: readonly number[];
}

interface Axis {
  length: number;
  readonly from: number;
  readonly to: number;
}

/** Below so many elements a loop is faster than `set`. */
const fewestToSet = 16;

/** Copies elements of a shape from one layout to another. Both hold one type. */
export const stridedCopy = (shape: readonly number[], from: Strided, to: Strided): void => {
  if (shape.includes(0)) return;
  const axes = mergedAxes(shape, from.strides, to.strides);
  const inner = axes.pop() ?? { length: 1, from: 1, to: 1 };
  const index = axes.map(() => 0);
  for (let [at, put] = [from.offset, to.offset]; ; ) {
    copyRow(inner.length, from.values, at, inner.from, to.values, put, inner.to);
    let axis = axes.length - 1;
    for (; axis >= 0; axis--) {
      const { length, from: fromStep, to: toStep } = axes[axis]!;
      at += fromStep;
      put += toStep;
      if (++index[axis]! < length) break;
      at -= length * fromStep;
      put -= length * toStep;
      index[axis] = 0;
    }
    if (axis < 0) return;
  }
};

/** Copies `length` elements from `at` on to `put` on, so many steps apart. */
export const copyRow = (
  length: number,
  from: backend_util.TypedArray,
  at: number,
  fromStep: number,
  to: backend_util.TypedArray,
  put: number,
  toStep: number,
): void => {
  if (fromStep === 1 && toStep === 1 && length >= fewestToSet) to.set(from.subarray(at, at + length), put);
  else for (let n = 0; n < length; n++) to[put + n * toStep] = from[at + n * fromStep]!;
};

/** Without axes of one element, and with neighbours that are one axis in both layouts as one. */
const mergedAxes = (shape: readonly number[], from: readonly number[], to: readonly number[]): Axis[] => {
  const axes: Axis[] = [];
  for (let n = shape.length - 1; n >= 0; n--) {
    const axis = { length: shape[n]!, from: from[n]!, to: to[n]! };
    const inner = axes[0];
    if (axis.length === 1) continue;
    if (inner && axis.from === inner.from * inner.length && axis.to === inner.to * inner.length)
      axes[0] = { ...inner, length: inner.length * axis.length };
    else axes.unshift(axis);
  }
  return axes;
};
