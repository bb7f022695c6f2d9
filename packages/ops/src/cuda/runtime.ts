import type { KernelConfig, TensorInfo } from "@tensorflow/tfjs-core";
import { dropoutThreshold } from "../dropout-mask.ts";
import { compiled } from "./compiled.generated.ts";

/** What a kernel takes: an address, a number, or the 32-bit words of a struct. */
type CudaArgument = bigint | number | Int32Array | TensorInfo;

interface Operand {
  /** An address is of halves where the precision is mixed, else of float32. */
  x: TensorInfo | bigint;
  /** Elements from one row to the next, and along k; one of the two is 1. */
  across: number;
  along: number;
}

/** A module of compiled kernels. */
interface CudaModule {
  readonly name: string;
  readonly kernels: Readonly<Record<string, string>>;
  readonly images: readonly { readonly generation: number; readonly deflated: string }[];
}

/** c [m, n] = scale a [m, k] b [n, k]^T, plus bias [n], plus what is there. In mixed precision operands are halves. */
export interface CudaProduct {
  m: number;
  n: number;
  k: number;
  a: Operand;
  b: Operand;
  /** Halves if a tensor exists as that alone; an address is of float32. */
  c: TensorInfo | bigint;
  /** @defaultValue none */
  bias?: TensorInfo;
  /** @defaultValue `1` */
  scale?: number;
  /** @defaultValue `false` */
  accumulate?: boolean;
  /** Whether it may be computed on matrix units. @defaultValue `false` */
  mixed?: boolean;
}

/** What these kernels need of the backend that runs them. */
export interface CudaRuntime {
  /** "mixed": tensors may exist as halves, bf16 or f16, alone. */
  readonly precision: "float32" | "mixed";
  readonly card: { readonly multiprocessors: number; readonly sharedBytes: number };
  /** What multiplies in place of kernels for every card: "wgmma" or "cublaslt". @defaultValue kernels for every card */
  readonly chosenProducts?:
    | {
        readonly name: string;
        /** For kernels over wgmma-tile.h: the words of an operand's tensor map; undefined if the copy engine does not take it. */
        tensorMap?(
          operand: Operand & { readonly x: bigint; readonly rows: number; readonly k: number },
        ): Int32Array | undefined;
      }
    | undefined;
  /** A tensor of undefined content. */
  output(shape: readonly number[], dtype?: "float32" | "int32"): TensorInfo;
  /** The same as halves alone where the precision is mixed. */
  halfOutput(shape: readonly number[]): TensorInfo;
  /**
   * A tensor that `fill` writes when something asks for it, for its halves if `half`; `dropped` is called when it is disposed of before.
   * `addedTo`: its sum with a tensor of its shape, if that can be had without it.
   */
  deferredOutput(
    shape: readonly number[],
    work: { fill: (half: boolean) => void; dropped?: () => void; addedTo?: (other: TensorInfo) => TensorInfo },
  ): TensorInfo;
  /** Keeps a tensor's values until `letGo`, even if it is disposed of before. */
  hold(tensor: TensorInfo): void;
  letGo(tensor: TensorInfo): void;
  /** Where a tensor lies on the device as float32, or what its type is. */
  pointer(tensor: TensorInfo): bigint;
  /** Where its halves lie; they are made if there are none. */
  half(tensor: TensorInfo): bigint;
  /** Where it lies as what it exists as. */
  form(tensor: TensorInfo): { pointer: bigint; half: boolean };
  /** Its halves, if there are some beside the float32 form. */
  keptHalf(tensor: TensorInfo): bigint | undefined;
  /** Values that the host knows. */
  hostValues(tensor: TensorInfo): ArrayLike<unknown> | undefined;
  withScratch<T>(bytes: number, body: (pointer: bigint) => T): T;
  /** Words that are on the device as long as `body` runs. */
  withList(words: Int32Array, body: (list: bigint) => void): void;
  /** The address of an integer that is 0, which kernels count their blocks with: they leave it 0. */
  blockCounter(): bigint;
  /** The address of words that a replay of a recorded step may change; 0n if no step is recorded. */
  replayed(name: string, words: Int32Array): bigint;
  incRef(dataId: object): void;
  disposeData(dataId: object): boolean;
  /** To be called after a kernel wrote into an existing tensor; `keepHalf`: its halves too. */
  written(tensor: TensorInfo, keepHalf?: boolean): void;
  launch(
    module: CudaModule,
    name: string,
    options: {
      grid: readonly [number, number?, number?];
      block?: number;
      shared?: number;
      /** Bytes that lists among the arguments name, for counts. */
      listed?: number;
    },
    args: readonly CudaArgument[],
  ): void;
  multiply(product: CudaProduct): void;
  /** Products of operands whose rows lie in lines (`across` is 1), without bias, scale and what is there, in one launch. */
  multiplyAll(products: readonly CudaProduct[]): void;
}

/** The name under which the backend of `@cramkit/backend` registers. */
const cudaBackendName = "cramkit-cuda";

/** Addresses of tensors as they exist, and which of them are halves: bit i for the i-th. */
interface Forms {
  pointers: bigint[];
  halves: number;
}

/** One kernel call: tensors by name, attributes, and the runtime. */
export interface CudaCall {
  inputs: Record<string, TensorInfo>;
  attrs: Record<string, number>;
  runtime: CudaRuntime;
  /** A kernel of this package's module with a thread for each of `n` elements. */
  each: (kernel: string, n: number, args: readonly CudaArgument[]) => void;
  /** The same with a warp for each row. */
  eachRow: (kernel: string, rows: number, args: readonly CudaArgument[]) => void;
  /** The same with a block for each row, and 128 bytes of shared memory for sums over it. */
  eachBlock: (kernel: string, rows: number, args: readonly CudaArgument[], block?: number) => void;
  /** Address of an input, the null pointer if it is absent. */
  at: (name: string) => bigint;
  /** Tensors as they exist; an absent one is the null pointer. */
  forms: (...tensors: (TensorInfo | undefined)[]) => Forms;
}

/** How many elements a thread takes at a time if rows have `length`: the end of a kernel's name, see OF_WIDTHS in forms.h. */
export const widthOf = (length: number): 1 | 4 => (length % 4 === 0 ? 4 : 1);

/** A kernel for our CUDA backend. */
export const cudaKernel = (
  kernelName: string,
  compute: (call: CudaCall) => TensorInfo | TensorInfo[],
): KernelConfig => ({
  kernelName,
  backendName: cudaBackendName,
  kernelFunc: ({ inputs, attrs, backend }) => {
    const runtime = backend as unknown as CudaRuntime;
    return compute(callOf(runtime, inputs as Record<string, TensorInfo>, (attrs ?? {}) as Record<string, number>));
  },
});

const callOf = (runtime: CudaRuntime, inputs: Record<string, TensorInfo>, attrs: Record<string, number>): CudaCall => {
  const launch = (kernel: string, blocks: number, block: number, args: readonly CudaArgument[], shared = 0) =>
    runtime.launch(compiled, kernel, { grid: [blocks], block, shared }, args);
  return {
    ...{ inputs, attrs, runtime },
    each: (kernel, n, args) => launch(kernel, Math.ceil(n / 256), 256, args),
    eachRow: (kernel, rows, args) => launch(kernel, Math.ceil(rows / 4), 128, args),
    eachBlock: (kernel, rows, args, block = 256) => launch(kernel, rows, block, args, 128),
    at: (name) => (inputs[name] ? runtime.pointer(inputs[name]) : 0n),
    forms: (...tensors) => {
      const all = tensors.map((tensor) => (tensor ? runtime.form(tensor) : { pointer: 0n, half: false }));
      return {
        pointers: all.map(({ pointer }) => pointer),
        halves: all.reduce((bits, { half }, i) => bits + (half ? 2 ** i : 0), 0),
      };
    },
  };
};

export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** `Dropout` of rows.h: a scale of 1 and no threshold if there is none. */
export const dropoutStruct = (
  runtime: CudaRuntime,
  { rate, key0, key1 }: Readonly<Record<string, number>>,
): Int32Array => {
  const keys = Int32Array.of(key0! | 0, key1! | 0);
  const words = new Int32Array(6);
  new BigUint64Array(words.buffer, 0, 1)[0] = rate! > 0 ? runtime.replayed("dropout", keys) : 0n;
  words.set([...keys, dropoutThreshold(rate!) | 0], 2);
  new Float32Array(words.buffer)[5] = 1 / (1 - rate!);
  return words;
};

/** y [n] = scale * the column sums of x [rows, n], by parts of rows that only depend on the shape. */
export const columnSums = (
  { each, runtime }: CudaCall,
  { pointer: x, half }: { pointer: bigint; half: boolean },
  y: bigint,
  [rows, n]: readonly [number, number],
  scale = 1,
): void => {
  const perPart = n >= 4096 ? rows : Math.max(32, Math.ceil(rows / 128));
  const parts = Math.ceil(rows / perPart);
  if (parts === 1) {
    each("column_sums", n, [x, y, n, rows, n, rows, scale, Number(half)]);
    return;
  }
  runtime.withScratch(parts * n * 4, (partial) => {
    each("column_sums", parts * n, [x, partial, parts * n, rows, n, perPart, 1, Number(half)]);
    each("column_sums", n, [partial, y, n, parts, n, parts, scale, 0]);
  });
};
