import { backend_util, type KernelConfig, slice_util, type TensorInfo, util } from "@tensorflow/tfjs-core";
import {
  type Box,
  joinedAxes,
  type Moved,
  padBox,
  partBox,
  partBoxes,
  sliceBox,
  splitBoxes,
  tileBox,
  transposeBox,
} from "../../boxes.ts";
import { sizeOf, stridesOf } from "../../shape.ts";
import type { CudaBackend } from "../backend.ts";
import { compiled } from "../compiled.generated.ts";
import { type Call, config, line, refused, structOf } from "./words.ts";

/** Copies a box of x into y. */
const move = (backend: CudaBackend, x: TensorInfo, y: TensorInfo, box: Box): void => {
  const axes = joinedAxes(box);
  const lists = (["length", "from", "to"] as const).map((key) => axes.map((axis) => axis[key]));
  const n = sizeOf(box.lengths);
  backend.launch(compiled, "move", line(n), [
    ...[x, y, n],
    structOf("move", [axes.length], lists, [box.fromStart ?? 0, box.toStart ?? 0]),
  ]);
};

const moved = (backend: CudaBackend, x: TensorInfo, { shape, box }: Moved): TensorInfo => {
  const y = backend.output(shape, x.dtype);
  move(backend, x, y, box);
  return y;
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

export const transposed = (backend: CudaBackend, x: TensorInfo, perm: readonly number[]): TensorInfo =>
  moved(backend, x, transposeBox(x, perm));

const slice = ({ inputs, attrs, backend }: Call): TensorInfo =>
  moved(backend, inputs.x!, sliceBox(inputs.x!, attrs as { begin: number[]; size: number[] }));

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
  return { ...moved(backend, x, partBox(x, info.begin, size, info.strides)), shape: info.finalShape };
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

const split = ({ inputs, attrs, backend }: Call): TensorInfo[] =>
  splitBoxes(inputs.x!, attrs as { numOrSizeSplits: number | number[]; axis: number }).map((one) =>
    moved(backend, inputs.x!, one),
  );

const unpack = ({ inputs, attrs, backend }: Call): TensorInfo[] => {
  const x = inputs.value!;
  const axis = util.parseAxisParam(attrs.axis as number, x.shape)[0]!;
  const all = partBoxes(x, axis, Array<number>(x.shape[axis]!).fill(1));
  return all.map((one) => ({ ...moved(backend, x, one), shape: one.shape.toSpliced(axis, 1) }));
};

const pad = ({ inputs, attrs, backend }: Call): TensorInfo => {
  const x = inputs.x!;
  const { shape, box } = padBox(x, attrs.paddings as [number, number][]);
  const y = filled(backend, shape, x.dtype, attrs.constantValue as number);
  move(backend, x, y, box);
  return y;
};

const tile = ({ inputs, attrs, backend }: Call): TensorInfo =>
  moved(backend, inputs.x!, tileBox(inputs.x!, attrs.reps as number[]));

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
