import type { backend_util } from "@tensorflow/tfjs-core";
import { type Box, joinedAxes } from "../boxes.ts";

type Values = backend_util.TypedArray;

/** Below so many elements a loop is faster than `set`. */
const fewestToSet = 16;

/** Copies a box of values into others of the same type. */
export const copyBox = (from: Values, to: Values, box: Box): void => {
  if (box.lengths.includes(0)) return;
  const axes = joinedAxes(box);
  const inner = axes.pop() ?? { length: 1, from: 1, to: 1 };
  const index = axes.map(() => 0);
  for (let { fromStart: at = 0, toStart: put = 0 } = box; ; ) {
    copyRow(inner.length, from, at, inner.from, to, put, inner.to);
    let axis = axes.length - 1;
    for (; axis >= 0; axis--) {
      const { length, from: step, to: toStep } = axes[axis]!;
      at += step;
      put += toStep;
      if (++index[axis]! < length) break;
      at -= length * step;
      put -= length * toStep;
      index[axis] = 0;
    }
    if (axis < 0) return;
  }
};

/** Copies `length` elements from `at` on to `put` on, so many steps apart. */
export const copyRow = (
  length: number,
  from: Values,
  at: number,
  fromStep: number,
  to: Values,
  put: number,
  toStep: number,
): void => {
  if (fromStep === 1 && toStep === 1 && length >= fewestToSet) to.set(from.subarray(at, at + length), put);
  else for (let n = 0; n < length; n++) to[put + n * toStep] = from[at + n * fromStep]!;
};
