import { fault } from "@cramkit/errors";
import { type KernelFunc, type TensorInfo, util } from "@tensorflow/tfjs-core";
import { type Moved, padBox, sliceBox, splitBoxes, tileBox, transposeBox } from "../boxes.ts";
import { sizeOf } from "../shape.ts";
import type { CpuBackend } from "./backend.ts";
import { copyBox, copyRow } from "./copy-box.ts";

// tfjs-backend-cpu computes the place of every single element of these, which takes 15 (gather) to 200 (split) times as long.

const isMovable = ({ dtype }: TensorInfo): boolean => dtype === "float32" || dtype === "int32";

/** A tensor into which a box of `x` is copied. Whatever is not copied to is `fill`. */
const moved = (backend: CpuBackend, x: TensorInfo, { shape, box }: Moved, fill?: number): TensorInfo => {
  const y = backend.output(shape, x.dtype as "float32" | "int32");
  const values = backend.view(y);
  if (fill !== undefined) values.fill(fill);
  copyBox(backend.view(x), values, box);
  return y;
};

type Attributes = Parameters<typeof sliceBox>[1] &
  Parameters<typeof splitBoxes>[1] & {
    paddings: [number, number][];
    constantValue: number;
    perm: number[];
    reps: number[];
  };

const movement =
  (move: (x: TensorInfo, attrs: Attributes, backend: CpuBackend) => TensorInfo | TensorInfo[]) =>
  (otherwise: KernelFunc): KernelFunc =>
  (call) => {
    const { x } = call.inputs as { x: TensorInfo };
    return isMovable(x) ? move(x, call.attrs as unknown as Attributes, call.backend as CpuBackend) : otherwise(call);
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
    const outer = sizeOf(x.shape.slice(0, place));
    const inner = sizeOf(x.shape.slice(place + 1));
    const count = sizeOf(indices.shape);
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
  Slice: movement((x, attrs, backend) => moved(backend, x, sliceBox(x, attrs))),
  SplitV: movement((x, attrs, backend) => splitBoxes(x, attrs).map((one) => moved(backend, x, one))),
  PadV2: movement((x, attrs, backend) => moved(backend, x, padBox(x, attrs.paddings), attrs.constantValue)),
  Transpose: movement((x, attrs, backend) => moved(backend, x, transposeBox(x, attrs.perm))),
  Tile: movement((x, attrs, backend) => moved(backend, x, tileBox(x, attrs.reps))),
  GatherV2: gatherKernel,
};
