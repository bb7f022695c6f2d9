import type { KernelConfig, TensorInfo } from "@tensorflow/tfjs-core";
import { dropoutThreshold } from "../dropout-mask.ts";
import { compiled } from "./compiled.generated.ts";

/** What a kernel takes: an address, a number, or the 32-bit words of a struct. */
type CudaArgument = bigint | number | Int32Array | TensorInfo;

interface Operand {
  x: TensorInfo | bigint;
  /** Elements from one row to the next, and along k; one of the two is 1. */
  across: number;
  along: number;
}

/** What these kernels need of the backend that runs them. */
export interface CudaRuntime {
  /** A tensor of undefined content. */
  output(shape: readonly number[], dtype?: "float32" | "int32"): TensorInfo;
  /** Where a tensor lies on the device. */
  pointer(tensor: TensorInfo): bigint;
  withScratch<T>(bytes: number, body: (pointer: bigint) => T): T;
  /** A tensor of these values; `disposeData` frees it. */
  write(values: Int32Array, shape: number[], dtype: "int32"): object;
  disposeData(dataId: object): boolean;
  /** To be called after a kernel wrote into an existing tensor. */
  written(tensor: TensorInfo): void;
  launch(
    module: typeof compiled,
    name: string,
    options: { grid: readonly [number, number?, number?]; block?: number; shared?: number; listed?: number },
    args: readonly CudaArgument[],
  ): void;
  /** c [m, n] = scale a [m, k] b [n, k]^T, plus bias [n], plus what is there. In mixed precision operands may be rounded. */
  multiply(product: {
    m: number;
    n: number;
    k: number;
    a: Operand;
    b: Operand;
    c: TensorInfo | bigint;
    bias?: TensorInfo;
    scale?: number;
    accumulate?: boolean;
    mixed?: boolean;
  }): void;
}

/** The name under which the backend of `@cramkit/backend` registers. */
const cudaBackendName = "cramkit-cuda";

/** One kernel call: tensors by name, attributes, and the runtime. */
export interface CudaCall {
  inputs: Record<string, TensorInfo>;
  attrs: Record<string, number>;
  runtime: CudaRuntime;
  /** A kernel of this package's module with a thread for each of `n` elements. */
  each: (kernel: string, n: number, args: readonly CudaArgument[]) => void;
  /** The same with a warp for each row. */
  eachRow: (kernel: string, rows: number, args: readonly CudaArgument[]) => void;
  /** Address of an input, the null pointer if it is absent. */
  at: (name: string) => bigint;
}

/** A kernel for our CUDA backend. */
export const cudaKernel = (
  kernelName: string,
  compute: (call: CudaCall) => TensorInfo | TensorInfo[],
): KernelConfig => ({
  kernelName,
  backendName: cudaBackendName,
  kernelFunc: ({ inputs, attrs, backend }) => {
    const runtime = backend as unknown as CudaRuntime;
    const launch = (kernel: string, blocks: number, block: number, args: readonly CudaArgument[]) =>
      runtime.launch(compiled, kernel, { grid: [blocks], block }, args);
    return compute({
      inputs: inputs as Record<string, TensorInfo>,
      attrs: (attrs ?? {}) as Record<string, number>,
      runtime,
      each: (kernel, n, args) => launch(kernel, Math.ceil(n / 256), 256, args),
      eachRow: (kernel, rows, args) => launch(kernel, Math.ceil(rows / 4), 128, args),
      at: (name) => (inputs[name] ? runtime.pointer(inputs[name]) : 0n),
    });
  },
});

export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** `Dropout` of rows.h: a scale of 1 and no threshold if there is none. */
export const dropoutStruct = ({ rate, key0, key1 }: Record<string, number>): Int32Array => {
  const words = Int32Array.of(key0! | 0, key1! | 0, dropoutThreshold(rate!) | 0, 0);
  new Float32Array(words.buffer)[3] = 1 / (1 - rate!);
  return words;
};

/** y [n] = scale * the column sums of x [rows, n], by parts of rows that only depend on the shape. */
export const columnSums = (
  { each, runtime }: CudaCall,
  x: bigint,
  y: bigint,
  [rows, n]: readonly [number, number],
  scale = 1,
): void => {
  const perPart = n >= 4096 ? rows : Math.max(32, Math.ceil(rows / 128));
  const parts = Math.ceil(rows / perPart);
  if (parts === 1) {
    each("column_sums", n, [x, y, n, rows, n, rows, scale]);
    return;
  }
  runtime.withScratch(parts * n * 4, (partial) => {
    each("column_sums", parts * n, [x, partial, parts * n, rows, n, perPart, 1]);
    each("column_sums", n, [partial, y, n, parts, n, parts, scale]);
  });
};
