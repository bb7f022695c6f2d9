/** One axis of a broadcast: its length, and how many elements of `a` and of `b` one step along it is (0: repeated). */
export interface BroadcastAxis {
  length: number;
  a: number;
  b: number;
}

/**
 * The broadcast of two shapes, outermost axis first, in as few axes as it can be said in: axes of length 1 are left out and
 * neighbours along which the same operands repeat are one. `[2, 3, 4]` with `[3, 4]` is 2 x 12; two equal shapes are one axis.
 */
export const broadcastAxes = (a: readonly number[], b: readonly number[]): BroadcastAxis[] => {
  const rank = Math.max(a.length, b.length);
  const axes: BroadcastAxis[] = [];
  let [sizeA, sizeB] = [1, 1];
  for (let i = 1; i <= rank; i++) {
    const [lengthA, lengthB] = [a[a.length - i] ?? 1, b[b.length - i] ?? 1];
    const axis = { length: Math.max(lengthA, lengthB), a: lengthA === 1 ? 0 : sizeA, b: lengthB === 1 ? 0 : sizeB };
    const inner = axes[0];
    if (inner && inner.a > 0 === axis.a > 0 && inner.b > 0 === axis.b > 0) inner.length *= axis.length;
    else if (axis.length > 1) axes.unshift(axis);
    sizeA *= lengthA;
    sizeB *= lengthB;
  }
  return axes;
};
