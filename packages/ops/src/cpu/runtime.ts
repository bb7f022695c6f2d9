import type { KernelConfig, TensorInfo } from "@tensorflow/tfjs-core";
import { wasm } from "./wasm.generated.ts";

/** A matrix in memory: element (i, j) at address + 4 * (i * across + j * along); one of the two is 1. */
interface Operand {
  address: number;
  across: number;
  along: number;
}

/** What these kernels need of the backend that runs them: tensors in one memory, tasks on threads, and a matrix product. */
export interface CpuRuntime {
  /** The call layout that it was built for, see `@cramkit/wasm-kit`. */
  layout: number;
  threads: number;
  /** Where a float32 or int32 tensor lies. */
  address(tensor: TensorInfo): number;
  /** Its values, without a copy. */
  view(tensor: TensorInfo): ArrayLike<number>;
  /** A tensor of undefined content, padded to a multiple of 64 bytes. */
  output(shape: number[], dtype?: "float32" | "int32"): TensorInfo;
  withScratch<T>(bytes: number, body: (address: number) => T): T;
  /** Numbers at an address, until memory is next allocated. */
  floats(address: number, count: number): Float32Array;
  doubles(address: number, count: number): Float64Array;
  /** The fewest multiply-adds of a product that a kernel hands to a library: Infinity if there is none. */
  libraryFrom: number;
  run(module: typeof wasm, kernel: string, tasks: number, ints: readonly number[], floats?: readonly number[]): void;
  /** c [m, n] = A [m, k] B [k, n], plus what is there, or plus bias [n]; B is addressed by (column, k). */
  gemm(problem: {
    m: number;
    n: number;
    k: number;
    a: Operand;
    b: Operand;
    c: number;
    accumulate?: boolean;
    bias?: number;
    /** In mixed precision the operands may be rounded to half of it. */
    mixed?: boolean;
  }): void;
}

/** The name under which the backend of `@cramkit/backend` registers. */
const cpuBackendName = "cramkit-cpu";

/** One kernel call: tensors by name, attributes, and the runtime. */
export interface CpuCall {
  inputs: Record<string, TensorInfo>;
  attrs: Record<string, number>;
  runtime: CpuRuntime;
  /** Runs tasks of this package's module. */
  run: (kernel: string, tasks: number, ints: readonly number[], floats?: readonly number[]) => void;
  /** Address of an input, 0 if it is absent. */
  at: (name: string) => number;
}

/** A kernel with the number of the call layout that its WebAssembly was compiled for; the backend compares it. */
export interface CpuKernelConfig extends KernelConfig {
  layout: number;
}

/** A kernel for our CPU backend. */
export const cpuKernel = (
  kernelName: string,
  compute: (call: CpuCall) => TensorInfo | TensorInfo[],
): CpuKernelConfig => ({
  kernelName,
  layout: wasm.layout,
  backendName: cpuBackendName,
  kernelFunc: ({ inputs, attrs, backend }) => {
    const runtime = backend as unknown as CpuRuntime;
    return compute({
      inputs: inputs as Record<string, TensorInfo>,
      attrs: (attrs ?? {}) as Record<string, number>,
      runtime,
      run: (kernel, tasks, ints, floats) => runtime.run(wasm, kernel, tasks, ints, floats),
      at: (name) => (inputs[name] ? runtime.address(inputs[name]) : 0),
    });
  },
});

export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Rows of `n` elements per task, about 16,384 elements: a function of the shape only, as every partition here. */
export const rowsPerTask = (n: number): number => Math.max(1, Math.ceil(16384 / n));

/** y [n] = the column sums of x [rows, n], by blocks of rows. */
export const columnSums = ({ run, runtime }: CpuCall, x: number, y: number, rows: number, n: number): void => {
  const perTask = Math.max(64, Math.ceil(rows / 64));
  const tasks = Math.ceil(rows / perTask);
  if (tasks === 1) {
    run("columnSumsTask", 1, [x, y, rows, n, perTask]);
    return;
  }
  runtime.withScratch(tasks * n * 4, (partial) => {
    run("columnSumsTask", tasks, [x, partial, rows, n, perTask]);
    run("columnSumsTask", 1, [partial, y, tasks, n, tasks]);
  });
};
