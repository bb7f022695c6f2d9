import { fault } from "@cramkit/errors";
import { backend_util, type KernelFunc, slice_util, type Tensor, type TensorInfo, util } from "@tensorflow/tfjs-core";
import type { CpuBackend } from "./backend.ts";
import { copyRow, stridedCopy } from "./strided-copy.ts";

// tfjs-backend-cpu computes the place of every single element of these, which takes 15 (gather) to 200 (split) times as long.

const isMovable = ({ dtype }: TensorInfo): boolean => dtype === "float32" || dtype === "int32";
const stridesOf = (shape: readonly number[]): number[] => {
  const strides = shape.map(() => 1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  return strides;
};
const offsetOf = (place: readonly number[], strides: readonly number[]): number =>
  place.reduce((sum, at, axis) => sum + at * strides[axis]!, 0);

interface Copy {
  readonly shape: readonly number[];
  /** @defaultValue 0 */
  readonly fromOffset?: number;
  readonly fromStrides: readonly number[];
  /** @defaultValue 0 */
  readonly toOffset?: number;
  /** @defaultValue those of the shape */
  readonly toStrides?: readonly number[];
}

/** A tensor of `shape`, into which elements of `x` are copied. Whatever is not copied to is `fill`. */
const moved = (backend: CpuBackend, x: TensorInfo, shape: number[], copy: Copy, fill?: number): TensorInfo => {
  const y = backend.output(shape, x.dtype as "float32" | "int32");
  const values = backend.view(y);
  if (fill !== undefined) values.fill(fill);
  const { fromOffset = 0, fromStrides, toOffset = 0, toStrides = stridesOf(copy.shape) } = copy;
  const from = { values: backend.view(x), offset: fromOffset, strides: fromStrides };
  stridedCopy(copy.shape, from, { values, offset: toOffset, strides: toStrides });
  return y;
};

const sliceKernel =
  (otherwise: KernelFunc): KernelFunc =>
  (call) => {
    const { x } = call.inputs as { x: TensorInfo };
    const { begin, size } = call.attrs as { begin: number[]; size: number[] };
    if (!isMovable(x)) return otherwise(call);
    const [start, shape] = slice_util.parseSliceParams(x as Tensor, begin, size) as [number[], number[]];
    slice_util.assertParamsValid(x, start, shape);
    const fromStrides = stridesOf(x.shape);
    const copy = { shape, fromStrides, fromOffset: offsetOf(start, fromStrides) };
    return moved(call.backend as CpuBackend, x, shape, copy);
  };

const splitKernel =
  (otherwise: KernelFunc): KernelFunc =>
  (call) => {
    const { x } = call.inputs as { x: TensorInfo };
    const { numOrSizeSplits, axis } = call.attrs as { numOrSizeSplits: number | number[]; axis: number };
    if (!isMovable(x)) return otherwise(call);
    const [place] = util.parseAxisParam(axis, x.shape) as [number];
    const sizes = backend_util.prepareSplitSize(x as Tensor, numOrSizeSplits, place);
    const fromStrides = stridesOf(x.shape);
    let begin = 0;
    return sizes.map((size) => {
      const shape = x.shape.map((length, at) => (at === place ? size : length));
      const copy = { shape, fromStrides, fromOffset: begin * fromStrides[place]! };
      begin += size;
      return moved(call.backend as CpuBackend, x, shape, copy);
    });
  };

const padKernel =
  (otherwise: KernelFunc): KernelFunc =>
  (call) => {
    const { x } = call.inputs as { x: TensorInfo };
    const { paddings, constantValue } = call.attrs as { paddings: [number, number][]; constantValue: number };
    if (!isMovable(x)) return otherwise(call);
    const shape = x.shape.map((length, axis) => paddings[axis]![0] + length + paddings[axis]![1]);
    const toStrides = stridesOf(shape);
    const toOffset = offsetOf(
      paddings.map(([before]) => before),
      toStrides,
    );
    const copy = { shape: x.shape, fromStrides: stridesOf(x.shape), toStrides, toOffset };
    return moved(call.backend as CpuBackend, x, shape, copy, constantValue);
  };

const transposeKernel =
  (otherwise: KernelFunc): KernelFunc =>
  (call) => {
    const { x } = call.inputs as { x: TensorInfo };
    const { perm } = call.attrs as { perm: number[] };
    if (!isMovable(x)) return otherwise(call);
    const strides = stridesOf(x.shape);
    const shape = perm.map((axis) => x.shape[axis]!);
    return moved(call.backend as CpuBackend, x, shape, { shape, fromStrides: perm.map((axis) => strides[axis]!) });
  };

const tileKernel =
  (otherwise: KernelFunc): KernelFunc =>
  (call) => {
    const { x } = call.inputs as { x: TensorInfo };
    const { reps } = call.attrs as { reps: number[] };
    if (!isMovable(x)) return otherwise(call);
    const strides = stridesOf(x.shape);
    const copy = {
      shape: x.shape.flatMap((length, axis) => [reps[axis]!, length]),
      fromStrides: strides.flatMap((stride) => [0, stride]), // every repetition reads the same elements
    };
    const shape = x.shape.map((length, axis) => length * reps[axis]!);
    return moved(call.backend as CpuBackend, x, shape, copy);
  };

/** Without batch dimensions; others are left to `otherwise`. */
const gatherKernel =
  (otherwise: KernelFunc): KernelFunc =>
  (call) => {
    const { x, indices } = call.inputs as { x: TensorInfo; indices: TensorInfo };
    const { axis, batchDims } = call.attrs as { axis: number; batchDims?: number };
    if (!isMovable(x) || indices.dtype !== "int32" || batchDims) return otherwise(call);
    const backend = call.backend as CpuBackend;
    const [place] = util.parseAxisParam(axis, x.shape) as [number];
    const rows = x.shape[place]!;
    const outer = util.sizeFromShape(x.shape.slice(0, place));
    const inner = util.sizeFromShape(x.shape.slice(place + 1));
    const count = util.sizeFromShape(indices.shape);
    const shape = [...x.shape.slice(0, place), ...indices.shape, ...x.shape.slice(place + 1)];
    const wanted = backend.view(indices);
    for (const row of wanted)
      if (row < 0 || row >= rows)
        throw fault({
          code: "invalid-argument",
          place: "GatherV2",
          problem: `expected an index of 0 to ${rows - 1} along axis ${place}, got ${row}`,
          type: RangeError,
        });
    const y = backend.output(shape, x.dtype as "float32" | "int32");
    const [from, to] = [backend.view(x), backend.view(y)];
    for (let part = 0; part < outer; part++)
      for (let n = 0; n < count; n++)
        copyRow(inner, from, (part * rows + wanted[n]!) * inner, 1, to, (part * count + n) * inner, 1);
    return y;
  };

/** Kernels that move elements and compute nothing, by name; each leaves other types than float32 and int32 to the one before it. */
export const movementKernels: Readonly<Record<string, (otherwise: KernelFunc) => KernelFunc>> = {
  Slice: sliceKernel,
  SplitV: splitKernel,
  PadV2: padKernel,
  Transpose: transposeKernel,
  Tile: tileKernel,
  GatherV2: gatherKernel,
};
