import type { GemmBatch, GemmOperand, GemmProblem } from "../gemm.ts";
import { wasm } from "../wasm.generated.ts";
import type { WasmSource } from "../wasm-source.ts";

/** What a product through a library needs of its backend. */
interface LibraryRunner {
  withScratch<T>(bytes: number, body: (address: number) => T): T;
  run(source: WasmSource, kernel: string, tasks: number, ints: readonly number[]): void;
  runLibrary(task: "blockTask" | "batchTask", tasks: number, ints: readonly number[]): void;
}

/** Fewer multiply-adds than this are not worth a call out of WebAssembly. */
export const worthACall = 2 ** 15;

/** Blocks of C, as large as leaves every thread its share. A function of the shape only, as the bits depend on it. */
const libraryBlocks = (m: number, n: number, k: number): { mc: number; nc: number } => {
  const wanted = Math.min(64, Math.max(8, Math.ceil((m * n * k) / 2 ** 28)));
  const alone = m * n * k < 2 ** 20; // some 20 us: waking others costs more
  const rows = alone ? 1 : Math.max(1, Math.min(wanted, Math.floor(m / 192)));
  const columns = alone ? 1 : Math.max(1, Math.min(Math.ceil(wanted / rows), Math.floor(n / 256)));
  return { mc: multipleOf16(m / rows), nc: multipleOf16(n / columns) };
};

const multipleOf16 = (size: number): number => Math.ceil(size / 16) * 16;

/** A matrix as a BLAS takes it: its rows are those of op(X) or, if transposed, its columns. */
interface Matrix {
  address: number;
  transposed: boolean;
  /** Elements from one row in memory to the next. */
  ld: number;
}

/** `rows` of op(X), `steps` along k. With one row or one step the stride is anyone's, but a BLAS checks it. */
const matrixOf = ({ address, across, along }: GemmOperand, rows: number, steps: number): Matrix => {
  const transposed = along !== 1;
  return { address, transposed, ld: transposed ? Math.max(along, rows) : Math.max(across, steps) };
};

/** C = A B by blocks of C, each one call with one thread. `half`: the operands are rounded to bf16 first. */
export const runLibraryGemm = (backend: LibraryRunner, problem: GemmProblem, half: boolean): void => {
  const { m, n, k, c, ldc = n, accumulate = false, bias = 0 } = problem;
  const a = matrixOf(problem.a, m, k);
  const b = matrixOf(problem.b, n, k);
  const { mc, nc } = libraryBlocks(m, n, k);
  const tasks = Math.ceil(m / mc) * Math.ceil(n / nc);
  const multiply = (left: Matrix, right: Matrix, bytes: number): void => {
    const operandA = [left.address, left.ld, (left.transposed ? 1 : left.ld) * bytes];
    // The right operand is addressed by (column, k), so what is along k in memory is a transposed one to a BLAS.
    const operandB = [right.address, right.ld, (right.transposed ? 1 : right.ld) * bytes];
    const forms = [left.transposed ? 1 : 0, right.transposed ? 0 : 1];
    const how = [mc, nc, accumulate ? 1 : 0, bias, bytes === 2 ? 1 : 0];
    backend.runLibrary("blockTask", tasks, [...operandA, ...operandB, c, ldc, m, n, k, ...forms, ...how]);
  };
  if (!half) {
    multiply(a, b, 4);
    return;
  }
  const bytesA = roundedBytes(m * k);
  backend.withScratch(bytesA + roundedBytes(n * k), (scratch) => {
    const roundedA = roundToHalf(backend, a, m, k, scratch);
    multiply(roundedA, roundToHalf(backend, b, n, k, scratch + bytesA), 2);
  });
};

/** Each product of a batch is one call. */
export const runLibraryBatch = (backend: LibraryRunner, { batch, m, n, k, a, b, c }: GemmBatch): void => {
  const [left, right] = [matrixOf(a, m, k), matrixOf(b, n, k)];
  const operandA = [left.address, a.item, left.ld, left.transposed ? 1 : 0];
  const operandB = [right.address, b.item, right.ld, right.transposed ? 0 : 1];
  backend.runLibrary("batchTask", batch, [...operandA, ...operandB, c, m, n, k]);
};

const roundedBytes = (elements: number): number => Math.ceil((elements * 2) / 64) * 64;

/** Copies a matrix as bf16, rounded to nearest, ties to even, without gaps between rows. */
const roundToHalf = (backend: LibraryRunner, x: Matrix, rows: number, steps: number, target: number): Matrix => {
  const [lines, length] = x.transposed ? [steps, rows] : [rows, steps];
  const perTask = Math.max(1, Math.ceil(65536 / length));
  const ints = [x.address, x.ld * 4, target, lines, length, perTask];
  backend.run(wasm, "bf16Task", Math.ceil(lines / perTask), ints);
  return { address: target, transposed: x.transposed, ld: length };
};
