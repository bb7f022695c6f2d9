import type { HeldSignals } from "./held-signals.ts";

/**
 * One product on the calling thread: c [m, n] = op(a) op(b), or plus what is there. Matrices are row-major in the memory
 * that it was made for, at addresses of it, with rows `ld*` elements apart: a is [m, k], or [k, m] if `transposeA`; b is
 * [k, n], or [n, k] if `transposeB`.
 */
export type Product = (
  transposeA: boolean,
  transposeB: boolean,
  m: number,
  n: number,
  k: number,
  a: number,
  lda: number,
  b: number,
  ldb: number,
  accumulate: boolean,
  c: number,
  ldc: number,
) => void;

/** The products of a library over one memory. */
export interface Products {
  float32: Product;
  /**
   * Product of bf16 operands, with float32 sums and result.
   *
   * @defaultValue absent if the library has none
   */
  bf16?: Product;
  /**
   * To hold signals back while a thread computes products: if a handler runs there, it writes over the heap.
   *
   * @defaultValue absent if the library does not mind
   */
  signals?: HeldSignals;
}

/** What a thread needs to open the library that the main thread has found. */
export interface LibraryAddress {
  interface: "node:ffi" | "koffi";
  koffiPath: string | undefined;
  path: string;
  flavour: string;
}
