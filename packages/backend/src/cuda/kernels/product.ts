import { backend_util, type KernelConfig, type TensorInfo, util } from "@tensorflow/tfjs-core";
import { sizeOf } from "../../shape.ts";
import type { CudaBackend } from "../backend.ts";
import { broadcastTo } from "./movement.ts";
import { type Call, config, refused } from "./words.ts";

const batchMatMul = ({ inputs, attrs, backend }: Call): TensorInfo => {
  const { a, b } = inputs as Record<"a" | "b", TensorInfo>;
  const { transposeA, transposeB } = attrs as { transposeA: boolean; transposeB: boolean };
  if (a.dtype !== "float32" || b.dtype !== "float32")
    throw refused("BatchMatMul", "two operands of float32", `${a.dtype} and ${b.dtype}`);
  const [rowsA, columnsA] = a.shape.slice(-2) as [number, number];
  const [rowsB, columnsB] = b.shape.slice(-2) as [number, number];
  const [m, k] = transposeA ? [columnsA, rowsA] : [rowsA, columnsA];
  const [kB, n] = transposeB ? [columnsB, rowsB] : [rowsB, columnsB];
  util.assert(k === kB, () => `cuda BatchMatMul: expected inner lengths to agree, got ${k} and ${kB}`);
  const [outerA, outerB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const outer = backend_util.assertAndGetBroadcastShape(outerA, outerB);
  const c = backend.output([...outer, m, n]);
  const [batchA, batchB, batches] = [outerA, outerB, outer].map(sizeOf) as [number, number, number];
  const isPlain = (batch: number) => batch === 1 || batch === batches;
  const wholeA = isPlain(batchA) ? a : spread(backend, a, outer);
  const wholeB = isPlain(batchB) ? b : spread(backend, b, outer);
  const operandA = { across: transposeA ? 1 : k, along: transposeA ? m : 1, batch: batchA === 1 ? 0 : m * k };
  const operandB = { across: transposeB ? k : 1, along: transposeB ? 1 : n, batch: batchB === 1 ? 0 : n * k };
  backend.multiply({ m, n, k, batches, a: { x: wholeA, ...operandA }, b: { x: wholeB, ...operandB }, c });
  if (wholeA !== a) backend.disposeData(wholeA.dataId);
  if (wholeB !== b) backend.disposeData(wholeB.dataId);
  return c;
};

/** Batches repeated to those of the result. */
const spread = (backend: CudaBackend, x: TensorInfo, outer: readonly number[]): TensorInfo =>
  broadcastTo(backend, x, [...outer, ...x.shape.slice(-2)]);

/** Every product of tfjs-core's. They stay in float32: who may round to half precision says so, see `Product`. */
export const productKernels = (): KernelConfig[] => [config("BatchMatMul", batchMatMul)];
