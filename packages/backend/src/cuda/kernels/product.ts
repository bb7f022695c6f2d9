import { backend_util, type KernelConfig, type TensorInfo, util } from "@tensorflow/tfjs-core";
import type { CudaBackend } from "../backend.ts";
import { compiled } from "./kernels.generated.ts";
import { broadcastTo } from "./movement.ts";
import { type Call, config, refused, sizeOf } from "./words.ts";

/** Of product.cu. */
const tile = 32;
const sharedBytes = 2 * 16 * (tile + 1) * 4;
const maxBatches = 65535;

/** Batches of [rows, columns] of memory, read as they are or transposed. */
export interface Operand {
  tensor: TensorInfo;
  /** Elements from one batch to the next. */
  batch: number;
  row: number;
  column: number;
}

/** c [batches, m, n] = a b in float32. */
export const multiply = (
  backend: CudaBackend,
  [a, b]: readonly [Operand, Operand],
  c: TensorInfo,
  [batches, m, n, k]: readonly [number, number, number, number],
): void => {
  const [atA, atB] = [a, b].map(({ batch, row, column }) => Int32Array.of(batch, row, column)) as [
    Int32Array,
    Int32Array,
  ];
  const at = ({ tensor }: { tensor: TensorInfo }, elements: number) => backend.pointer(tensor) + BigInt(4 * elements);
  for (let first = 0; first < batches; first += maxBatches) {
    const grid = [Math.ceil(m / tile), Math.ceil(n / tile), Math.min(maxBatches, batches - first)] as const;
    const pointers = [at(a, first * a.batch), at(b, first * b.batch), at({ tensor: c }, first * m * n)];
    const launch = { grid, block: 64, shared: sharedBytes };
    backend.launch(compiled, "product_f32", launch, [...pointers, m, n, k, atA, atB]);
  }
};

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
  const operandA = { row: transposeA ? 1 : k, column: transposeA ? m : 1, batch: batchA === 1 ? 0 : m * k };
  const operandB = { row: transposeB ? 1 : n, column: transposeB ? k : 1, batch: batchB === 1 ? 0 : n * k };
  const isPlain = (batch: number) => batch === 1 || batch === batches;
  const whole = [a, b].map((x, i) => (isPlain([batchA, batchB][i]!) ? x : spread(backend, x, outer)));
  const size = [batches, m, n, k] as const;
  const [wholeA, wholeB] = whole as [TensorInfo, TensorInfo];
  multiply(
    backend,
    [
      { ...operandA, tensor: wholeA },
      { ...operandB, tensor: wholeB },
    ],
    c,
    size,
  );
  for (const [i, x] of whole.entries()) if (x !== [a, b][i]) backend.disposeData(x.dataId);
  return c;
};

/** Batches repeated to those of the result. */
const spread = (backend: CudaBackend, x: TensorInfo, outer: readonly number[]): TensorInfo =>
  broadcastTo(backend, x, [...outer, ...x.shape.slice(-2)]);

/** Every product of tfjs-core's. */
export const productKernels = (): KernelConfig[] => [config("BatchMatMul", batchMatMul)];
