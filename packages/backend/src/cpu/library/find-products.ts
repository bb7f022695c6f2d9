import { type Attempt, findLibrary, isNativeFault, type Native, nativeFault, startNative } from "@cramkit/native";
import { checkProduct } from "./check-products.ts";
import { type Flavour, flavours } from "./flavours.ts";
import { productsOf } from "./open-products.ts";
import type { LibraryAddress, Products } from "./product.ts";

/** A library that computes products, as it was found and checked. */
export interface FoundProducts {
  address: LibraryAddress;
  products: Products;
  report: LibraryReport;
}

/** What a record of a run keeps. */
export interface LibraryReport {
  /** OpenBLAS, oneDNN, BLIS, MKL, Accelerate, or CBLAS for another one. */
  name: string;
  version: string;
  /** The instructions that it computes with here, in its own words. */
  kernel: string;
  file: string;
  /** Whether it multiplies bf16 operands, and this processor has instructions for them. */
  bf16: boolean;
}

export interface FindProductsOptions {
  memory: WebAssembly.Memory;
  /** The address of 256 KiB for a check of the results. */
  scratch: number;
  /**
   * Path of the library, or the name by which the system finds it.
   *
   * @defaultValue the known libraries are tried in turn
   */
  path?: string;
}

/** One command, for each system that has one. */
const installCommand = (): string => {
  if (process.platform === "linux") return "apt-get install libdnnl-dev (Debian, Ubuntu; or libopenblas0-pthread)";
  if (process.platform === "darwin") return "brew install openblas (macOS 15 and newer have Accelerate)";
  return "install OpenBLAS or MKL, and put its folder on the PATH";
};

/** The first library that loads, has what it needs, and computes right; or one fault with all that was tried. */
export const findProducts = ({ memory, scratch, path }: FindProductsOptions): FoundProducts => {
  const native = startNative();
  const tried: Attempt[] = [];
  for (const flavour of flavours) {
    if (path === undefined && Object.keys(flavour.candidates).length === 0) continue;
    try {
      return open(native, flavour, memory, scratch, path);
    } catch (error) {
      if (!isNativeFault(error)) throw error;
      const { reason, tried: names } = error.details;
      tried.push(...(names.length > 0 ? names : [{ library: path ?? flavour.name, reason, problem: error.message }]));
      // A library that cannot be loaded, or computes wrongly, is that under every name.
      if (path !== undefined && reason !== "no-symbol") throw error;
    }
  }
  const isThere = tried.find(({ reason }) => reason !== "no-library");
  const got =
    path !== undefined
      ? `${path} without the functions of one`
      : (isThere?.problem ?? `none of ${tried.map(({ library }) => library).join(", ")}`);
  const problem = `expected a library for matrix products, got ${got}`;
  throw nativeFault(isThere?.reason ?? "no-library", { place, problem, remedy: installCommand(), tried });
};

const place = "cpu backend";

const open = (
  native: Native,
  flavour: Flavour,
  memory: WebAssembly.Memory,
  scratch: number,
  path?: string,
): FoundProducts => {
  const { name, candidates, symbols } = flavour;
  const { library, file } = findLibrary(native, { what: name, candidates, symbols, remedy: installCommand(), path });
  const products = productsOf(native, flavour, library, memory);
  const fault = checkProduct(products, "float32", memory, scratch);
  if (fault) {
    const problem = `expected a library that multiplies matrices, got wrong numbers (${fault})`;
    throw nativeFault("broken-library", {
      place: file,
      problem,
      remedy: "install a newer version, or use products wasm",
    });
  }
  const bf16 = products.bf16 !== undefined && processorHasBf16() && !checkProduct(products, "bf16", memory, scratch);
  const { interface: wanted, koffiPath } = native;
  return {
    address: { interface: wanted, koffiPath, path: library.path, flavour: name },
    products,
    report: { name, ...flavour.describe(library, native), file, bf16 },
  };
};

/** Whether the processor multiplies bf16: without it a library emulates them, slower than float32. */
const processorHasBf16 = (): boolean => {
  try {
    const info = process.getBuiltinModule("node:fs").readFileSync("/proc/cpuinfo", "utf8");
    return /^(flags|Features)\s*:.*\b(avx512_bf16|amx_bf16|bf16)\b/m.test(info);
  } catch {
    return false; // not Linux: not known
  }
};
