import { backend_util, type KernelConfig, slice_util, type TensorInfo, util } from "@tensorflow/tfjs-core";
import type { CudaBackend } from "../backend.ts";
import { compiled } from "../compiled.generated.ts";
import { type Call, config, line, refused, sizeOf, stridesOf, structOf } from "./words.ts";

/** A box of elements: its lengths, and where its first element and the steps along each axis are, read and written. */
interface Box {
  lengths: readonly number[];
  from: readonly number[];
  to: readonly number[];
  /** @defaultValue `0` */
  fromStart?: number;
  /** @defaultValue `0` */
  toStart?: number;
}

/** Copies a box of x into y. Axes of length 1 are left out, and neighbours that continue each other are one. */
const move = (backend: CudaBackend, x: TensorInfo, y: TensorInfo, box: Box): void => {
  const { lengths, from, to, fromStart = 0, toStart = 0 } = box;
  const axes: { length: number; from: number; to: number }[] = [];
  for (const [i, length] of lengths.entries()) {
    if (length === 1) continue;
    const [outer, axis] = [axes.at(-1), { length, from: from[i]!, to: to[i]! }];
    if (outer && outer.from === axis.from * length && outer.to === axis.to * length)
      axes[axes.length - 1] = { ...axis, length: outer.length * length };
    else axes.push(axis);
  }
  const lists = (["length", "from", "to"] as const).map((key) => axes.map((axis) => axis[key]));
  const n = sizeOf(lengths);
  backend.launch(compiled, "move", line(n), [
    ...[x, y, n],
    structOf("move", [axes.length], lists, [fromStart, toStart]),
  ]);
};

/** A tensor filled with one value. */
const filled = (backend: CudaBackend, shape: readonly number[], dtype: TensorInfo["dtype"], value: number) => {
  const n = sizeOf(shape);
  const y = backend.output(shape, dtype);
  backend.launch(compiled, "fill", line(n), [y, n, wordOf(value, dtype)]);
  return y;
};

/** The 32 bits of a value. */
export const wordOf = (value: number, dtype: TensorInfo["dtype"]): number =>
  dtype === "float32" ? new Int32Array(Float32Array.of(value).buffer)[0]! : Number(value) | 0;

export const transposed = (backend: CudaBackend, x: TensorInfo, perm: readonly number[]): TensorInfo => {
  const strides = stridesOf(x.shape);
  const shape = perm.map((axis) => x.shape[axis]!);
  const y = backend.output(shape, x.dtype);
  move(backend, x, y, { lengths: shape, from: perm.map((axis) => strides[axis]!), to: stridesOf(shape) });
  return y;
};

const slice = ({ inputs, attrs, backend }: Call): TensorInfo => {
  const x = inputs.x!;
  const [begin, size] = slice_util.parseSliceParams(x as never, attrs.begin as number[], attrs.size as number[]) as [
    number[],
    number[],
  ];
  slice_util.assertParamsValid(x as never, begin, size);
  return part(backend, x, begin, size);
};

/** The part of x that begins somewhere, in steps. */
const part = (
  backend: CudaBackend,
  x: TensorInfo,
  begin: readonly number[],
  size: readonly number[],
  steps: readonly number[] = size.map(() => 1),
): TensorInfo => {
  const strides = stridesOf(x.shape);
  const y = backend.output(size, x.dtype);
  move(backend, x, y, {
    lengths: size,
    from: strides.map((stride, i) => stride * steps[i]!),
    to: stridesOf(size),
    fromStart: begin.reduce((sum, at, i) => sum + at * strides[i]!, 0),
  });
  return y;
};

const stridedSlice = ({ inputs, attrs, backend }: Call): TensorInfo => {
  const x = inputs.x!;
  const { begin, end, strides, ...masks } = attrs as Record<"begin" | "end" | "strides", number[]> &
    Record<"beginMask" | "endMask" | "ellipsisMask" | "newAxisMask" | "shrinkAxisMask", number>;
  const { beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask } = masks;
  const info = slice_util.sliceInfo(
    ...([x.shape, begin, end, strides, beginMask, endMask] as const),
    ...([ellipsisMask, newAxisMask, shrinkAxisMask] as const),
  );
  if (info.isIdentity) return backend.alias(x, info.finalShape, x.dtype);
  const size = slice_util.computeOutShape(info.begin, info.end, info.strides);
  return { ...part(backend, x, info.begin, size, info.strides), shape: info.finalShape };
};

/** y with `inputs` side by side along an axis. */
const concat = ({ inputs, attrs, backend }: Call): TensorInfo => {
  const all = Object.values(inputs) as TensorInfo[];
  const axis = util.parseAxisParam(attrs.axis as number, all[0]!.shape)[0]!;
  backend_util.assertParamsConsistent(
    all.map(({ shape }) => shape),
    axis,
  );
  const shape = backend_util.computeOutShape(
    all.map((x) => x.shape),
    axis,
  );
  const y = backend.output(shape, all[0]!.dtype);
  const strides = stridesOf(shape);
  let at = 0;
  for (const x of all) {
    move(backend, x, y, { lengths: x.shape, from: stridesOf(x.shape), to: strides, toStart: at * strides[axis]! });
    at += x.shape[axis]!;
  }
  return y;
};

const pack = (call: Call): TensorInfo => {
  const all = Object.values(call.inputs) as TensorInfo[];
  const axis = (call.attrs.axis as number) + ((call.attrs.axis as number) < 0 ? all[0]!.shape.length + 1 : 0);
  const withAxis = ({ shape, ...x }: TensorInfo) => ({
    ...x,
    shape: [...shape.slice(0, axis), 1, ...shape.slice(axis)],
  });
  const inputs = Object.fromEntries(all.map((x, i) => [i, withAxis(x)]));
  return concat({ ...call, inputs, attrs: { axis } });
};

/** Parts of given lengths along an axis. */
const parts = (backend: CudaBackend, x: TensorInfo, axis: number, lengths: readonly number[]): TensorInfo[] => {
  let at = 0;
  return lengths.map((length) => {
    const begin = x.shape.map((_, i) => (i === axis ? at : 0));
    at += length;
    return part(backend, x, begin, x.shape.with(axis, length));
  });
};

const split = ({ inputs, attrs, backend }: Call): TensorInfo[] => {
  const x = inputs.x!;
  const axis = util.parseAxisParam(attrs.axis as number, x.shape)[0]!;
  const lengths = backend_util.prepareSplitSize(x as never, attrs.numOrSizeSplits as number | number[], axis);
  return parts(backend, x, axis, lengths);
};

const unpack = ({ inputs, attrs, backend }: Call): TensorInfo[] => {
  const x = inputs.value!;
  const axis = util.parseAxisParam(attrs.axis as number, x.shape)[0]!;
  const all = parts(backend, x, axis, Array<number>(x.shape[axis]!).fill(1));
  return all.map(({ shape, ...one }) => ({ ...one, shape: shape.toSpliced(axis, 1) }));
};

const pad = ({ inputs, attrs, backend }: Call): TensorInfo => {
  const x = inputs.x!;
  const paddings = attrs.paddings as [number, number][];
  const shape = x.shape.map((length, i) => paddings[i]![0] + length + paddings[i]![1]);
  const y = filled(backend, shape, x.dtype, attrs.constantValue as number);
  const strides = stridesOf(shape);
  const toStart = paddings.reduce((sum, [before], i) => sum + before * strides[i]!, 0);
  move(backend, x, y, { lengths: x.shape, from: stridesOf(x.shape), to: strides, toStart });
  return y;
};

/** Each axis becomes two: repetitions, along which the input stands still, and the axis itself. */
const tile = ({ inputs, attrs, backend }: Call): TensorInfo => {
  const x = inputs.x!;
  const reps = attrs.reps as number[];
  const shape = x.shape.map((length, i) => length * reps[i]!);
  const y = backend.output(shape, x.dtype);
  const [from, to] = [stridesOf(x.shape), stridesOf(shape)];
  move(backend, x, y, {
    lengths: x.shape.flatMap((length, i) => [reps[i]!, length]),
    from: from.flatMap((stride) => [0, stride]),
    to: to.flatMap((stride, i) => [stride * x.shape[i]!, stride]),
  });
  return y;
};

const reverse = ({ inputs, attrs, backend }: Call): TensorInfo => {
  const x = inputs.x!;
  const axes = util.parseAxisParam(attrs.dims as number[], x.shape);
  const strides = stridesOf(x.shape);
  const y = backend.output(x.shape, x.dtype);
  move(backend, x, y, {
    lengths: x.shape,
    from: strides.map((stride, i) => (axes.includes(i) ? -stride : stride)),
    to: strides,
    fromStart: axes.reduce((sum, axis) => sum + Math.max(0, x.shape[axis]! - 1) * strides[axis]!, 0),
  });
  return y;
};

/** x repeated along axes of length 1, and along new ones in front. */
export const broadcastTo = (backend: CudaBackend, x: TensorInfo, shape: readonly number[]): TensorInfo => {
  const lengths = [...Array<number>(shape.length - x.shape.length).fill(1), ...x.shape];
  const strides = stridesOf(lengths);
  const y = backend.output(shape, x.dtype);
  const from = strides.map((stride, i) => (lengths[i] === 1 ? 0 : stride));
  move(backend, x, y, { lengths: shape, from, to: stridesOf(shape) });
  return y;
};

const fill = ({ attrs, backend }: Call): TensorInfo => {
  const { shape, value } = attrs as { shape: number[]; value: number | string };
  const dtype = (attrs.dtype as TensorInfo["dtype"] | undefined) ?? util.inferDtype(value);
  if (typeof value === "string") throw refused("Fill", "a number", "a string");
  return filled(backend, shape, dtype, Number(value));
};

const like =
  (value: number) =>
  ({ inputs, backend }: Call) =>
    filled(backend, inputs.x!.shape, inputs.x!.dtype, value);

const range = ({ attrs, backend }: Call): TensorInfo => {
  const { start, stop, step, dtype } = attrs as { start: number; stop: number; step: number; dtype: "float32" };
  const sign = Math.sign(stop - start);
  const n = start === stop || sign !== Math.sign(step) ? 0 : Math.ceil((stop - start) / step);
  const values = util.makeZerosTypedArray(n, dtype);
  for (let i = 0; i < n; i++) values[i] = start + i * step;
  return { dataId: backend.write(values, [n], dtype), shape: [n], dtype };
};

const reshape = ({ inputs, attrs, backend }: Call): TensorInfo => {
  const x = inputs.x!;
  const size = sizeOf(x.shape);
  const shape = util.inferFromImplicitShape(attrs.shape as number[], size);
  util.assert(size === sizeOf(shape), () => `cuda Reshape: expected [${shape}] with ${size} elements`);
  return backend.alias(x, shape, x.dtype);
};

const expandDims = ({ inputs, attrs, backend }: Call): TensorInfo => {
  const x = inputs.input!;
  const dim = attrs.dim as number;
  return backend.alias(x, x.shape.toSpliced(dim < 0 ? dim + x.shape.length + 1 : dim, 0, 1), x.dtype);
};

/** Everything that only moves elements, or makes them out of nothing. */
export const movementKernels = (): KernelConfig[] => [
  config("Identity", ({ inputs, backend }) => backend.alias(inputs.x!, inputs.x!.shape, inputs.x!.dtype)),
  config("Reshape", reshape),
  config("ExpandDims", expandDims),
  config("Transpose", ({ inputs, attrs, backend }) => transposed(backend, inputs.x!, attrs.perm as number[])),
  config("Slice", slice),
  config("StridedSlice", stridedSlice),
  config("Concat", concat),
  config("Pack", pack),
  config("SplitV", split),
  config("Unpack", unpack),
  config("PadV2", pad),
  config("Tile", tile),
  config("Reverse", reverse),
  config("BroadcastTo", ({ inputs, attrs, backend }) => broadcastTo(backend, inputs.x!, attrs.shape as number[])),
  config("Fill", fill),
  config("ZerosLike", like(0)),
  config("OnesLike", like(1)),
  config("Range", range),
];
