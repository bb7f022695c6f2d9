import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { CompiledKernels } from "../driver/kernel-module.ts";
import type { LaunchArgument, LaunchOptions } from "../launcher.ts";

/** An operand: element (batch, row, k) is so many elements from the first: batch * `batch` + row * `across` + k * `along`. */
export interface ProductOperand {
  /** An address is of halves in a product on matrix units, see {@link Product.mixed}, else of float32. */
  x: TensorInfo | bigint;
  across: number;
  along: number;
  /** @defaultValue `0`: every batch has the same operand */
  batch?: number;
}

/** c [batches, m, n] = scale a [batches, m, k] b [batches, n, k]^T (+ bias [n]) (+ c). */
export interface Product {
  m: number;
  n: number;
  k: number;
  a: ProductOperand;
  b: ProductOperand;
  /** On matrix units a tensor that exists as halves alone is written as that. An address is of float32. */
  c: TensorInfo | bigint;
  /** @defaultValue none */
  bias?: TensorInfo;
  /** @defaultValue `1` */
  scale?: number;
  /** Whether what is there is added. @defaultValue `false` */
  accumulate?: boolean;
  /** @defaultValue `1` */
  batches?: number;
  /** Whether it is computed on matrix units, of halves, where the backend's precision is mixed. @defaultValue `false` */
  mixed?: boolean;
}

/** What it needs of the backend. */
export interface ProductHost {
  readonly precision: "float32" | "mixed";
  readonly card: { readonly multiprocessors: number };
  /** What is asked first. @defaultValue our kernels of every card */
  readonly chosenProducts?: ChosenProducts | undefined;
  launch(module: CompiledKernels, name: string, options: LaunchOptions, args: readonly LaunchArgument[]): void;
  pointer(tensor: TensorInfo): bigint;
  half(tensor: TensorInfo): bigint;
  form(tensor: TensorInfo): { pointer: bigint; half: boolean };
  withList(words: Int32Array, body: (list: bigint) => void): void;
  withScratch<T>(bytes: number, body: (pointer: bigint) => T): T;
  /** To be called after a library gave a kernel to the stream, with the addresses that it was given. */
  ran(name: string, pointers: readonly bigint[]): void;
}

/** What multiplies in place of the kernels of every card, by its name among the options. */
export interface ChosenProducts {
  readonly name: "wgmma" | "cublaslt";
  /** False if it has no answer: then nothing was done. */
  multiply(host: ProductHost, product: Product): boolean;
  /** The same for products that are wanted together, see `multiplyAll`. */
  multiplyAll(host: ProductHost, products: readonly Product[]): boolean;
  /**
   * On Hopper: words of the tensor map of an operand [rows, k] of halves, in boxes of 64 x 64, for kernels over wgmma-tile.h; undefined if the
   * copy engine does not take it.
   *
   * @defaultValue absent from other products
   */
  tensorMap?(operand: { x: bigint; across: number; along: number; rows: number; k: number }): Int32Array | undefined;
  dispose(): void;
}

/** Whether a product is one of halves, on matrix units. */
export const isOnUnits = ({ precision }: ProductHost, { mixed = false, a, b }: Product): boolean =>
  mixed && precision === "mixed" && [a, b].every(({ across, along }) => across === 1 || along === 1);

export const addressOf = (host: ProductHost, x: TensorInfo | bigint): bigint =>
  typeof x === "bigint" ? x : host.pointer(x);
export const halvesOf = (host: ProductHost, x: TensorInfo | bigint): bigint =>
  typeof x === "bigint" ? x : host.half(x);
/** Where the result of a product of halves is to be. */
export const formOf = (host: ProductHost, x: TensorInfo | bigint): { pointer: bigint; half: boolean } =>
  typeof x === "bigint" ? { pointer: x, half: false } : host.form(x);

/** How an operand lies, as kernels' names say it: n if k lies in a line, else t. */
export const lies = ({ along }: ProductOperand): "n" | "t" => (along === 1 ? "n" : "t");
/** Elements from one line of an operand to the next. */
export const lineOf = ({ across, along }: ProductOperand): number => (along === 1 ? across : along);
