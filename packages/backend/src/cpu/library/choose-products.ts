import { explain, fault } from "@cramkit/errors";
import { heapStart, isShared } from "../heap.ts";
import type { FoundProducts, LibraryReport } from "./find-products.ts";

export type ProductsChoice = "wasm" | "library" | "auto";

/** What computes matrix products, for a record. */
export interface ProductsReport {
  /**
   * The library that computes products.
   *
   * @defaultValue absent for WebAssembly
   */
  library?: LibraryReport;
  precision: "float32" | "mixed";
  /**
   * Why there is no library, or no mixed precision, though it was wanted.
   *
   * @defaultValue absent if you got what you asked for
   */
  remark?: string;
  /**
   * How to get one.
   *
   * @defaultValue absent as `remark` is
   */
  remedy?: string;
}

export interface ProductsOptions {
  /**
   * What computes matrix products; `auto` takes a library if there is one.
   *
   * @defaultValue `"wasm"`
   */
  products?: ProductsChoice;
  /**
   * Path of the library, or the name by which the system finds it.
   *
   * @defaultValue the first known one that is found
   */
  library?: string;
  /**
   * `mixed` rounds operands to bf16 if the library multiplies them.
   *
   * @defaultValue `"float32"`
   */
  precision?: "float32" | "mixed";
}

interface Chosen {
  found?: FoundProducts;
  report: ProductsReport;
}

const choices: readonly ProductsChoice[] = ["wasm", "library", "auto"];

/** Looks for a library as the options say. Only `products: "library"` makes it an error that there is none. */
export const chooseProducts = async (options: ProductsOptions, memory: WebAssembly.Memory): Promise<Chosen> => {
  const { products = "wasm", library: path, precision = "float32" } = options;
  if (!choices.includes(products))
    throw fault({
      code: "invalid-argument",
      place: "startBackend",
      problem: `expected products to be "wasm", "library" or "auto", got "${products}"`,
      remedy: "choose one of these",
      type: RangeError,
    });
  if (path !== undefined && products === "wasm")
    throw fault({
      code: "invalid-argument",
      place: "startBackend",
      problem: `expected products "library" or "auto" with a library, got "wasm" and ${path}`,
      remedy: "change one of the two",
      type: RangeError,
    });
  if (products === "wasm") {
    const remark = "in float32: mixed precision needs a library for products";
    return { report: { precision: "float32", ...(precision === "mixed" && { remark }) } };
  }
  let found: FoundProducts;
  try {
    found = await find(memory, path);
  } catch (error) {
    if (products === "library") throw error;
    const { problem, remedy } = explain(error);
    return { report: { precision: "float32", remark: `products in WebAssembly: ${problem}`, remedy } };
  }
  const { report: library } = found;
  if (precision === "float32" || library.bf16) return { found, report: { library, precision } };
  const why = `${library.name} ${library.version} does not multiply bf16 on this processor`;
  if (products === "library")
    throw fault({
      code: "unsupported",
      place: "startBackend",
      problem: `expected bf16 for precision "mixed", got none: ${why}`,
      remedy: 'use precision "float32"',
    });
  return { found, report: { library, precision: "float32", remark: `in float32: ${why}` } };
};

/** Loaded here: a backend without a library, as in a browser, does not need the code. */
const find = async (memory: WebAssembly.Memory, path?: string): Promise<FoundProducts> => {
  if (!isShared(memory))
    throw fault({
      code: "unsupported",
      place: "cpu backend",
      problem: "expected shared memory, got none, and a library needs it",
      remedy: 'use products "wasm"',
    });
  const { findProducts } = await import("./find-products.ts");
  return findProducts({ memory, scratch: heapStart, path });
};
