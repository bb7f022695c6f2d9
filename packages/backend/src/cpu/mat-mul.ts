import type { KernelFunc, TensorInfo } from "@tensorflow/tfjs-core";
import { sizeOf } from "../shape.ts";
import type { CpuBackend } from "./backend.ts";

/** Products of at least this many multiply-adds are split over the threads one by one, smaller ones as a batch. */
const largeProduct = 2 ** 22;

/** BatchMatMul if the batch axes agree or one operand has none; `otherwise` takes the rest. */
export const matMulKernel =
  (otherwise: KernelFunc): KernelFunc =>
  (call) => {
    const { a, b } = call.inputs as { a: TensorInfo; b: TensorInfo };
    const { transposeA, transposeB } = call.attrs as { transposeA: boolean; transposeB: boolean };
    const backend = call.backend as CpuBackend;
    const [rowsA, columnsA] = a.shape.slice(-2) as [number, number];
    const [rowsB, columnsB] = b.shape.slice(-2) as [number, number];
    const [m, k] = transposeA ? [columnsA, rowsA] : [rowsA, columnsA];
    const [kB, n] = transposeB ? [columnsB, rowsB] : [rowsB, columnsB];
    const [outerA, outerB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
    const [batchA, batchB] = [sizeOf(outerA), sizeOf(outerB)];
    const aligned = `${outerA}` === `${outerB}` || batchA === 1 || batchB === 1;
    const floats = a.dtype === "float32" && b.dtype === "float32";
    // Mismatched and empty operands go to tfjs-backend-cpu, which knows what to say.
    if (!aligned || !floats || k !== kB || m * n * k * batchA * batchB === 0) return otherwise(call);

    const rank = Math.max(outerA.length, outerB.length);
    const outer = batchA >= batchB ? outerA : outerB;
    const y = backend.output([...Array(rank - outer.length).fill(1), ...outer, m, n]);
    const batch = Math.max(batchA, batchB);
    const [atA, atB, atY] = [backend.address(a), backend.address(b), backend.address(y)];
    const [acrossA, alongA] = transposeA ? [1, m] : [k, 1];
    const [acrossB, alongB] = transposeB ? [k, 1] : [1, n];
    const [itemA, itemB] = [batchA === 1 ? 0 : m * k * 4, batchB === 1 ? 0 : n * k * 4];
    if (batch === 1 || m * n * k >= largeProduct) {
      for (let i = 0; i < batch; i++) {
        const operandA = { address: atA + i * itemA, across: acrossA, along: alongA };
        const operandB = { address: atB + i * itemB, across: acrossB, along: alongB };
        backend.gemm({ m, n, k, a: operandA, b: operandB, c: atY + i * m * n * 4 });
      }
    } else {
      const operandA = { address: atA, across: acrossA, along: alongA, item: itemA };
      const operandB = { address: atB, across: acrossB, along: alongB, item: itemB };
      backend.gemmBatch({ m, n, k, a: operandA, b: operandB, c: atY, batch });
    }
    return y;
  };
