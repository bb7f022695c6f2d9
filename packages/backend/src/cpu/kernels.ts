import { backend_util, getKernel, type KernelConfig, type KernelFunc, type TensorInfo } from "@tensorflow/tfjs-core";
import { type BroadcastAxis, broadcastAxes } from "../broadcast.ts";
import { sizeOf } from "../shape.ts";
import type { CpuBackend } from "./backend.ts";
import { matMulKernel } from "./mat-mul.ts";
import { movementKernels } from "./movement.ts";
import { wasm } from "./wasm.generated.ts";

const block = 16384;
const one: BroadcastAxis = { length: 1, a: 0, b: 0 };

/** Rows (or anything else) of `n` elements per task: a function of the shape only. */
const rowsPerTask = (n: number): number => Math.max(1, Math.ceil(block / n));

const binaryOps = { Add: 0, AddV2: 0, Sub: 1, Multiply: 2, RealDiv: 3, Maximum: 4, Minimum: 5 };
const unaryOps = { Neg: 0, Square: 1, Sqrt: 2, Rsqrt: 3, Relu: 4, Abs: 5 };

/** Any broadcast of at most three axes (see `broadcastAxes`); everything else is left to `otherwise`. */
const binaryKernel =
  (op: number, otherwise: KernelFunc): KernelFunc =>
  (call) => {
    const { a, b } = call.inputs as { a: TensorInfo; b: TensorInfo };
    const backend = call.backend as CpuBackend;
    if (a.dtype !== "float32" || b.dtype !== "float32") return otherwise(call);
    const shape = backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
    const size = sizeOf(shape);
    const axes = broadcastAxes(a.shape, b.shape);
    if (size === 0 || axes.length > 3) return otherwise(call);
    const operands = [backend.address(a), backend.address(b)];
    const y = backend.output(shape);
    const addresses = [...operands, backend.address(y)];
    const [inner = one, middle = one, outer = one] = axes.toReversed();
    const mode = inner.b === 0 ? 1 : inner.a === 0 ? 2 : 0;
    if (axes.length <= 1) {
      backend.run(wasm, "binaryTask", Math.ceil(size / block), [op, mode, ...addresses, size]);
    } else {
      const rows = size / inner.length;
      const perTask = rowsPerTask(inner.length);
      const strides = [outer.a, middle.a, outer.b, middle.b];
      const ints = [op, mode, ...addresses, rows, inner.length, perTask, middle.length, ...strides];
      backend.run(wasm, "binaryRowsTask", Math.ceil(rows / perTask), ints);
    }
    return y;
  };

const unaryKernel =
  (op: number, otherwise: KernelFunc): KernelFunc =>
  (call) => {
    const { x } = call.inputs as { x: TensorInfo };
    const backend = call.backend as CpuBackend;
    const n = sizeOf(x.shape);
    if (x.dtype !== "float32" || n === 0) return otherwise(call);
    const from = backend.address(x);
    const y = backend.output(x.shape);
    backend.run(wasm, "unaryTask", Math.ceil(n / block), [op, from, backend.address(y), n]);
    return y;
  };

/** Sum and Mean over neighbouring axes; others are left to `otherwise`. */
const sumKernel =
  (mean: boolean, otherwise: KernelFunc): KernelFunc =>
  (call) => {
    const { x } = call.inputs as { x: TensorInfo };
    const { axis, keepDims } = call.attrs as { axis: number | number[]; keepDims: boolean };
    const backend = call.backend as CpuBackend;
    const rank = x.shape.length;
    const axes = (axis === undefined || axis === null ? x.shape.map((_, i) => i) : [axis].flat())
      .map((i) => (i < 0 ? i + rank : i))
      .sort((a, b) => a - b);
    const [first = 0] = axes;
    const outer = sizeOf(x.shape.slice(0, first));
    const summed = sizeOf(axes.map((i) => x.shape[i]!));
    const inner = sizeOf(x.shape.slice(first + axes.length));
    const areNeighbours = axes.every((i, j) => i === first + j);
    if (x.dtype !== "float32" || !areNeighbours || sizeOf(x.shape) === 0) return otherwise(call);
    const shape = keepDims
      ? x.shape.map((length, i) => (axes.includes(i) ? 1 : length))
      : x.shape.filter((_, i) => !axes.includes(i));
    const y = backend.output(shape);
    const addresses = [backend.address(x), backend.address(y)] as const;
    const scale = mean ? 1 / summed : 1;
    if (inner === 1) {
      const perTask = rowsPerTask(summed);
      const ints = [...addresses, outer, summed, perTask];
      backend.run(wasm, "sumRowsTask", Math.ceil(outer / perTask), ints, [scale]);
    } else {
      sumMiddle(backend, ...addresses, [outer, summed, inner], scale);
    }
    return y;
  };

/** y [outer, n] = scale * the sum of x [outer, rows, n] over its rows: blocks of rows first, then their sums. */
const sumMiddle = (
  backend: CpuBackend,
  x: number,
  y: number,
  [outer, rows, n]: readonly [number, number, number],
  scale: number,
): void => {
  const sum = (from: number, to: number, length: number, perBlock: number, scale: number) => {
    const blocks = Math.ceil(length / perBlock);
    const sums = outer * blocks;
    const perTask = rowsPerTask(perBlock * n);
    const ints = [from, to, length, n, perBlock, blocks, sums, perTask];
    backend.run(wasm, "sumColumnsTask", Math.ceil(sums / perTask), ints, [scale]);
  };
  const perBlock = Math.min(rows, Math.max(rowsPerTask(n), Math.ceil(rows / 64)));
  const blocks = Math.ceil(rows / perBlock);
  if (blocks === 1) {
    sum(x, y, rows, rows, scale);
    return;
  }
  backend.withScratch(outer * blocks * n * 4, (partial) => {
    sum(x, partial, rows, perBlock, 1);
    sum(partial, y, blocks, blocks, scale);
  });
};

const fillKernel =
  (valueIn: (attrs: Record<string, unknown>) => number, otherwise: KernelFunc): KernelFunc =>
  (call) => {
    const backend = call.backend as CpuBackend;
    const attrs = (call.attrs ?? {}) as Record<string, unknown>;
    const x = call.inputs.x as TensorInfo | undefined;
    const dtype = x?.dtype ?? attrs.dtype ?? "float32";
    const shape = x?.shape ?? (attrs.shape as number[]);
    const n = sizeOf(shape);
    if (dtype !== "float32" || n < block || typeof valueIn(attrs) !== "number") return otherwise(call);
    const y = backend.output(shape);
    backend.run(wasm, "fillTask", Math.ceil(n / block), [backend.address(y), n], [valueIn(attrs)]);
    return y;
  };

/**
 * tfjs-backend-cpu answers a cast that loses nothing (bool or int32 to float32) with the same storage under another type,
 * which holds where values are JavaScript numbers. Ours are bytes, so they are converted.
 */
const castKernel =
  (otherwise: KernelFunc): KernelFunc =>
  (call) => {
    const { x } = call.inputs as { x: TensorInfo };
    const { dtype } = call.attrs as { dtype: TensorInfo["dtype"] };
    const isWidening = dtype === "float32" ? x.dtype !== "float32" : dtype === "int32" && x.dtype === "bool";
    if (!isWidening || (x.dtype !== "int32" && x.dtype !== "bool")) return otherwise(call);
    const backend = call.backend as CpuBackend;
    const y = backend.output(x.shape, dtype as "float32" | "int32");
    backend.view(y).set(backend.view(x));
    return y;
  };

/**
 * Our kernels of tfjs-core's own operations, for `backendName`. Each falls back to the kernel that is registered there
 * before, which copies of tfjs-backend-cpu's kernels are.
 */
export const cpuKernels = (backendName: string): KernelConfig[] => {
  const config = (kernelName: string, make: (otherwise: KernelFunc) => KernelFunc): KernelConfig => ({
    kernelName,
    backendName,
    kernelFunc: make(getKernel(kernelName, backendName)?.kernelFunc),
  });
  return [
    ...Object.entries(binaryOps)
      .filter(([name]) => getKernel(name, backendName))
      .map(([name, op]) => config(name, (otherwise) => binaryKernel(op, otherwise))),
    ...Object.entries(unaryOps).map(([name, op]) => config(name, (otherwise) => unaryKernel(op, otherwise))),
    config("Sum", (otherwise) => sumKernel(false, otherwise)),
    config("Mean", (otherwise) => sumKernel(true, otherwise)),
    config("ZerosLike", (otherwise) => fillKernel(() => 0, otherwise)),
    config("OnesLike", (otherwise) => fillKernel(() => 1, otherwise)),
    config("Fill", (otherwise) => fillKernel(({ value }) => value as number, otherwise)),
    config("Cast", castKernel),
    ...Object.entries(movementKernels).map(([name, make]) => config(name, make)),
    config("BatchMatMul", matMulKernel),
  ];
};
