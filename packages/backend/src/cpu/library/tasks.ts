import type { Products } from "./product.ts";

/** A task as the pool runs it: `args` is the address of the job's 32 integers. */
export type Task = (args: number, task: number, thread: number) => void;

/** The names of the tasks below, in their order. */
export const taskNames = ["blockTask", "batchTask"] as const;

/** The tasks that a library computes, over one memory: the same on every thread. */
export const libraryTasks = (products: Products, memory: WebAssembly.Memory): Task[] => {
  // A shared memory keeps its bytes in place when it grows, but a view ends where it ended when it was made.
  let ints = new Int32Array(memory.buffer);
  let floats = new Float32Array(memory.buffer);
  const refresh = (): void => {
    if (ints.byteLength === memory.buffer.byteLength) return;
    ints = new Int32Array(memory.buffer);
    floats = new Float32Array(memory.buffer);
  };

  /**
   * One block of C; tasks run along n first. ints: a, lda, bytes from row to row of op(A), b, ldb, bytes from column to
   * column of op(B), c, ldc, m, n, k, transpose A, transpose B, mc, nc, accumulate, bias or 0, operands of bf16
   */
  const blockTask: Task = (args, task) => {
    refresh();
    const at = args >>> 2;
    const int = (i: number): number => ints[at + i]!;
    const address = (i: number): number => ints[at + i]! >>> 0;
    const [m, n, mc, nc, ldc] = [int(8), int(9), int(13), int(14), int(7)];
    const columns = Math.ceil(n / nc);
    const [i, j] = [Math.floor(task / columns) * mc, (task % columns) * nc];
    const [rows, cols] = [Math.min(mc, m - i), Math.min(nc, n - j)];
    const c = address(6) + (i * ldc + j) * 4;
    const bias = address(16);
    const accumulate = int(15) !== 0;
    if (bias && !accumulate) {
      const [start, from] = [(bias >>> 2) + j, c >>> 2];
      for (let row = 0; row < rows; row++) floats.copyWithin(from + row * ldc, start, start + cols);
    }
    const product = int(17) ? products.bf16! : products.float32;
    const [a, b] = [address(0) + i * int(2), address(3) + j * int(5)];
    const adds = accumulate || bias !== 0;
    product(int(11) !== 0, int(12) !== 0, rows, cols, int(10), a, int(1), b, int(4), adds, c, ldc);
  };

  /** One product of a batch. ints: a, item of a in bytes, lda, transpose A, b, item of b, ldb, transpose B, c, m, n, k */
  const batchTask: Task = (args, task) => {
    refresh();
    const at = args >>> 2;
    const int = (i: number): number => ints[at + i]!;
    const [m, n, k] = [int(9), int(10), int(11)];
    const a = (int(0) >>> 0) + task * int(1);
    const b = (int(4) >>> 0) + task * int(5);
    const c = (int(8) >>> 0) + task * m * n * 4;
    products.float32(int(3) !== 0, int(7) !== 0, m, n, k, a, int(2), b, int(6), false, c, n);
  };
  return [blockTask, batchTask];
};
