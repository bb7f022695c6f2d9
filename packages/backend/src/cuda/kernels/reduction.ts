import type { DataType, KernelConfig, TensorInfo } from "@tensorflow/tfjs-core";
import { sizeOf } from "../../shape.ts";
import type { CudaBackend } from "../backend.ts";
import { compiled } from "../compiled.generated.ts";
import { castTo, unary } from "./elementwise.ts";
import { transposed } from "./movement.ts";
import { axesOf, type Call, config, line, refused, warps } from "./words.ts";

const suffixOf: Partial<Record<DataType, "f" | "i">> = { float32: "f", int32: "i" };

/** Neighbours that one part takes, so that a few long rows or columns keep a whole card busy: by the shape alone. */
const perPart = (results: number, length: number, inner: number): number =>
  inner === 1
    ? length <= 4096 || results >= 1024
      ? length
      : Math.max(1024, Math.ceil(length / 1024))
    : length <= 64 || results >= 8192
      ? length
      : Math.max(32, Math.ceil(length / 256));

/** y [outer, inner] = x [outer, length, inner] reduced along the middle axis. */
const reduceTo = (
  backend: CudaBackend,
  kernel: string,
  x: TensorInfo | bigint,
  y: TensorInfo | bigint,
  [outer, length, inner]: readonly [outer: number, length: number, inner: number],
): void => {
  const each = Math.max(1, perPart(outer * inner, length, inner));
  const parts = Math.max(1, Math.ceil(length / each));
  const into = (target: TensorInfo | bigint) => {
    if (inner === 1) {
      const rows = outer * parts;
      backend.launch(compiled, `ReduceRows_${kernel}`, warps(rows), [x, target, rows, length, parts, each]);
    } else {
      const n = outer * parts * inner;
      backend.launch(compiled, `ReduceColumns_${kernel}`, line(n), [x, target, n, length, inner, parts, each]);
    }
  };
  if (parts === 1) {
    into(y);
    return;
  }
  backend.withScratch(outer * parts * inner * 4, (partial) => {
    into(partial);
    reduceTo(backend, kernel, partial, y, [outer, parts, inner]);
  });
};

/** Runs `body` with x such that the axes are neighbours, and its shape around them. */
const aroundAxes = <T>(
  backend: CudaBackend,
  x: TensorInfo,
  axes: readonly number[],
  body: (x: TensorInfo, shape: readonly [outer: number, length: number, inner: number]) => T,
): T => {
  const [first = 0] = axes;
  if (axes.every((axis, i) => axis === first + i)) {
    const end = first + axes.length;
    const shape = [x.shape.slice(0, first), x.shape.slice(first, end), x.shape.slice(end)].map(sizeOf);
    return body(x, shape as unknown as readonly [number, number, number]);
  }
  const kept = x.shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const moved = transposed(backend, x, [...kept, ...axes]);
  const length = sizeOf(axes.map((axis) => x.shape[axis]!));
  const result = body(moved, [sizeOf(kept.map((axis) => x.shape[axis]!)), length, 1]);
  backend.disposeData(moved.dataId);
  return result;
};

const resultShape = (shape: readonly number[], axes: readonly number[], keepDims: boolean): number[] =>
  keepDims ? shape.map((length, i) => (axes.includes(i) ? 1 : length)) : shape.filter((_, i) => !axes.includes(i));

const reduce = (op: string, { inputs, attrs, backend }: Call): TensorInfo => {
  const x = inputs.x!;
  const axes = axesOf(attrs.reductionIndices ?? attrs.axis, x.shape.length);
  const isLogical = op === "Any" || op === "All";
  const suffix = isLogical ? "b" : suffixOf[x.dtype === "bool" ? "int32" : x.dtype];
  if (!suffix || (isLogical && x.dtype !== "bool")) throw refused(op, "another type", x.dtype);
  const dtype = x.dtype === "bool" && !isLogical ? "int32" : x.dtype;
  const y = backend.output(resultShape(x.shape, axes, attrs.keepDims === true), dtype);
  aroundAxes(backend, x, axes, (around, shape) => reduceTo(backend, `${op}_${suffix}`, around, y, shape));
  return y;
};

const mean = (call: Call): TensorInfo => {
  const { inputs, attrs, backend } = call;
  const x = castTo(backend, inputs.x!, "float32");
  const sum = reduce("Sum", { ...call, inputs: { x } });
  const count = sizeOf(axesOf(attrs.axis, x.shape.length).map((axis) => x.shape[axis]!));
  const y = unary(backend, "Affine", "f", sum, [1 / count, 0]);
  for (const { dataId } of [x, sum]) backend.disposeData(dataId);
  return y;
};

const argument = (op: "ArgMax" | "ArgMin", { inputs, attrs, backend }: Call): TensorInfo => {
  const x = inputs.x!;
  const axes = axesOf(attrs.axis, x.shape.length);
  const y = backend.output(resultShape(x.shape, axes, false), "int32");
  const suffix = suffixOf[x.dtype === "bool" ? "int32" : x.dtype];
  if (!suffix) throw refused(op, "numbers", x.dtype);
  aroundAxes(backend, x, axes, (around, [outer, length, inner]) => {
    const n = outer * inner;
    backend.launch(compiled, `${op}_${suffix}`, line(n), [around, y, n, length, inner]);
  });
  return y;
};

const cumulative = (op: "Cumsum" | "Cumprod", { inputs, attrs, backend }: Call): TensorInfo => {
  const x = inputs.x!;
  const [axis] = axesOf(attrs.axis ?? 0, x.shape.length) as [number];
  const suffix = suffixOf[x.dtype];
  if (!suffix) throw refused(op, "numbers", x.dtype);
  const y = backend.output(x.shape, x.dtype);
  const [length, inner] = [x.shape[axis]!, sizeOf(x.shape.slice(axis + 1))];
  const n = sizeOf(x.shape) / Math.max(1, length);
  const [exclusive, reversed] = [Number(attrs.exclusive === true), Number(attrs.reverse === true)];
  backend.launch(compiled, `${op}_${suffix}`, line(n), [x, y, n, length, inner, exclusive, reversed]);
  return y;
};

const softmax = (x: TensorInfo, logarithm: number, backend: CudaBackend): TensorInfo => {
  const y = backend.output(x.shape, "float32");
  const length = x.shape.at(-1) ?? 1;
  const rows = sizeOf(x.shape.slice(0, -1));
  if (length > 0) backend.launch(compiled, "softmax", warps(rows), [x, y, rows, length, logarithm]);
  return y;
};

const topK = ({ inputs, attrs, backend }: Call): TensorInfo[] => {
  const x = inputs.x!;
  const k = attrs.k as number;
  const suffix = suffixOf[x.dtype];
  if (!suffix) throw refused("TopK", "numbers", x.dtype);
  const [rows, length] = [sizeOf(x.shape.slice(0, -1)), x.shape.at(-1)!];
  const shape = [...x.shape.slice(0, -1), k];
  const [values, places] = [backend.output(shape, x.dtype), backend.output(shape, "int32")];
  backend.launch(compiled, `top_k_${suffix}`, warps(k === 0 ? 0 : rows), [x, values, places, rows, length, k]);
  return [values, places];
};

/** Everything that takes an axis together. */
export const reductionKernels = (): KernelConfig[] => [
  ...["Sum", "Prod", "Max", "Min", "Any", "All"].map((op) => config(op, (call) => reduce(op, call))),
  config("Mean", mean),
  ...(["ArgMax", "ArgMin"] as const).map((op) => config(op, (call) => argument(op, call))),
  ...(["Cumsum", "Cumprod"] as const).map((op) => config(op, (call) => cumulative(op, call))),
  config("Softmax", ({ inputs, backend }) => softmax(inputs.logits!, 0, backend)),
  config("LogSoftmax", ({ inputs, backend }) => softmax(inputs.logits!, 1, backend)),
  config("TopK", topK),
];
