import type { Products } from "./product.ts";

/** What a WebAssembly module imports as `env.product`: addresses come out of it as signed numbers, conditions as 0 or 1. */
export const productImport =
  (products: Products | undefined) =>
  (...numbers: number[]): void => {
    if (!products) throw new Error("cpu backend: expected a library for products, got none");
    const [ta, tb, m, n, k, a, lda, b, ldb, accumulate, c, ldc] = numbers as [number, number, ...number[]];
    const add = accumulate !== 0;
    products.float32(ta !== 0, tb !== 0, m!, n!, k!, a! >>> 0, lda!, b! >>> 0, ldb!, add, c! >>> 0, ldc!);
  };
