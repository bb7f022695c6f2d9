import { composedFeedForward, type Operations } from "./operations.ts";

/** A value of which only the shape is known. Values that share memory share `storage`. */
export interface Shape {
  readonly shape: readonly number[];
  readonly storage: object;
}

/** What running a model cost. */
export interface Tally {
  /** Floating-point operations of matrix products: 2 for each multiply and add. */
  forwardFlops: number;
  /** Of their gradients; attention computes its scores a second time. */
  backwardFlops: number;
  /** Bytes that the forward pass keeps for the gradient, parameters apart. */
  savedBytes: number;
}

/** A value of this shape. `isParameter` values do not count as saved. */
export type MakeShape = (shape: readonly number[], isParameter?: boolean) => Shape;

/** Operations that compute nothing and count everything. */
export const countingOperations = (): { ops: Operations<Shape>; tally: Tally; make: MakeShape } => {
  const tally: Tally = { forwardFlops: 0, backwardFlops: 0, savedBytes: 0 };
  const free = new WeakSet<object>();
  const saved = new WeakSet<object>();
  const make: MakeShape = (shape, isParameter = false) => {
    const storage = {};
    if (isParameter) free.add(storage);
    return { shape, storage };
  };
  const view = (x: Shape, shape: readonly number[]): Shape => ({ shape, storage: x.storage });
  const save = (...values: Shape[]) => {
    for (const { shape, storage } of values) {
      if (free.has(storage) || saved.has(storage)) continue;
      saved.add(storage);
      tally.savedBytes += 4 * sizeOf(shape);
    }
  };
  const count = (forward: number, backward: number) => {
    tally.forwardFlops += forward;
    tally.backwardFlops += backward;
  };
  const like = (x: Shape) => make(x.shape);
  const fromInput = (x: Shape) => {
    save(x);
    return like(x);
  };
  const fromOutput = (x: Shape) => {
    const y = like(x);
    save(y);
    return y;
  };
  const binary = (a: Shape, b: Shape) => {
    save(a, b);
    return make(broadcast(a.shape, b.shape));
  };
  const perRow = (x: Shape) => make(x.shape.slice(0, -1));
  const ops: Operations<Shape> = {
    constant: (_, shape) => make(shape, true),
    firstRows: (table, x) => make([x.shape[1]!, table.shape[1]!], free.has(table.storage)),
    size: () => make([], true),
    isAtMost: (x, axis, size) => x.shape[axis]! <= size,
    linear(x, weight) {
      save(x);
      const outputs = weight.shape[0]!;
      const forward = 2 * sizeOf(x.shape) * outputs;
      count(forward, 2 * forward);
      return make([...x.shape.slice(0, -1), outputs]);
    },
    embedding(ids, table) {
      save(ids);
      return make([...ids.shape, table.shape[1]!]);
    },
    layerNorm(x) {
      save(x, perRow(x), perRow(x)); // mean and reciprocal deviation
      return like(x);
    },
    rmsNorm(x) {
      save(x, perRow(x));
      return like(x);
    },
    residualNorm(x, _, { kind }) {
      const sum = like(x);
      save(sum, ...(kind === "layer" ? [perRow(x)] : []), perRow(x));
      return { sum, normed: like(x) };
    },
    normOfSum: (x, branch, norm) => ops.residualNorm(x, branch, norm).normed,
    hasReach: true,
    attention(qkv, { heads, mask, reach = Number.POSITIVE_INFINITY }) {
      const [batch, seq, width] = qkv.shape as [number, number, number];
      const y = make([batch, seq, width / 3]);
      save(qkv, y, make([batch, heads, seq]), ...(mask ? [mask] : []));
      const product = 2 * batch * seq * Math.min(seq, 2 * reach + 1) * (width / 3);
      count(2 * product, 5 * product);
      return y;
    },
    rotary: like,
    activate: (x, activation) => {
      if (activation === "gelu" || activation === "relu" || activation === "relu2") return fromInput(x);
      return activation === "silu" ? ops.mul(x, fromOutput(x)) : ops.mul(x, fromOutput(fromInput(x)));
    },
    gatedFeedForward: (x, layers, activation) => composedFeedForward(ops, x, layers, activation),
    gate(x, activation) {
      if (activation === "relu2") {
        const [u, g] = ops.split(x, 2) as [Shape, Shape];
        return ops.mul(fromInput(g), u);
      }
      save(x);
      return make([...x.shape.slice(0, -1), x.shape.at(-1)! / 2]);
    },
    dropout: like,
    realFourier(x) {
      const [batch, seq, hidden] = x.shape as [number, number, number];
      const forward = 4 * batch * seq * hidden * (hidden + seq);
      count(forward, forward);
      return like(x);
    },
    add: (a, b) => (a.shape.join() === b.shape.join() ? like(a) : binary(a, b)),
    sub: binary,
    mul: binary,
    div: binary,
    scale: like,
    atLeast: fromInput,
    apply: (x, fn) => (fn === "log" || fn === "square" || fn === "relu" ? fromInput(x) : fromOutput(x)),
    matMul(a, b, transposeB = false) {
      save(a, b);
      const leading =
        b.shape.length === 2 ? a.shape.slice(0, -2) : broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2));
      const [rows, inner] = a.shape.slice(-2) as [number, number];
      const columns = b.shape.at(transposeB ? -2 : -1)!;
      const forward = 2 * sizeOf(leading) * rows * inner * columns;
      count(forward, 2 * forward);
      return make([...leading, rows, columns]);
    },
    softmax: fromOutput,
    cumulativeSum: fromInput,
    reduce(x, _how, axes, keepDims = false) {
      save(x);
      const reduced = new Set(axes.map((axis) => (axis + x.shape.length) % x.shape.length));
      return make(x.shape.flatMap((size, axis) => (reduced.has(axis) ? (keepDims ? [1] : []) : [size])));
    },
    reshape: (x, shape) => view(x, resolve(x.shape, shape)),
    transpose: (x, order) => make(order.map((axis) => x.shape[axis]!)),
    split: (x, parts) => Array.from({ length: parts }, () => make([...x.shape.slice(0, -1), x.shape.at(-1)! / parts])),
    concat(parts, axis) {
      save(...parts);
      const total = parts.reduce((sum, part) => sum + part.shape[axis]!, 0);
      return make(parts[0]!.shape.map((size, at) => (at === axis ? total : size)));
    },
    firstPosition(x) {
      save(x);
      return make([x.shape[0]!, x.shape[2]!]);
    },
    detached(compute) {
      const before = { ...tally };
      const y = compute();
      tally.backwardFlops = before.backwardFlops;
      tally.savedBytes = before.savedBytes;
      return y;
    },
    touch: (x) => x,
    scoped: (compute) => compute(),
  };
  return { ops, tally, make };
};

const sizeOf = (shape: readonly number[]): number => shape.reduce((size, axis) => size * axis, 1);

/** The shape that a reshape asks for, its 0 and -1 filled in. */
const resolve = (from: readonly number[], to: readonly number[]): number[] => {
  const copied = to.map((size, axis) => (size === 0 ? from[axis]! : size));
  const known = copied.reduce((product, size) => (size === -1 ? product : product * size), 1);
  return copied.map((size) => (size === -1 ? sizeOf(from) / known : size));
};

const broadcast = (a: readonly number[], b: readonly number[]): number[] => {
  const rank = Math.max(a.length, b.length);
  const at = (shape: readonly number[], axis: number) => shape[axis - rank + shape.length] ?? 1;
  return Array.from({ length: rank }, (_, axis) => Math.max(at(a, axis), at(b, axis)));
};
