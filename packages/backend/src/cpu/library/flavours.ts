import type { LibraryCandidates, Native, NativeLibrary, NativeType } from "@cramkit/native";
import type { Product, Products } from "./product.ts";

/** A family of libraries with one way to call them. */
export interface Flavour {
  name: string;
  candidates: LibraryCandidates;
  /** Symbols that tell that a library is one of these. */
  symbols: readonly string[];
  /** Makes calls from this thread compute on this thread alone. Settings of some are a thread's own: each calls it. */
  useOneThread(library: NativeLibrary): void;
  /**
   * Whether its kernels compute with the stack pointer in the heap, where a signal handler then writes its frame.
   *
   * @defaultValue `false`
   */
  movesStackPointer?: boolean;
  products(library: NativeLibrary, base: number): Products;
  /** Version and kernel, in the library's own words. */
  describe(library: NativeLibrary, native: Native): { version: string; kernel: string };
}

/** Row-major, transposed or not, and not, as CBLAS numbers them. */
const [rowMajor, plain, transposed] = [101, 111, 112] as const;

const cblas = (library: NativeLibrary, base: number, symbol = "cblas_sgemm", int: NativeType = "i32"): Product => {
  const ints: NativeType[] = [int, int, int];
  const [matrix, scalar]: [NativeType[], NativeType] = [["pointer", int], "f32"];
  const signature = ["void", "i32", "i32", "i32", ...ints, scalar, ...matrix, ...matrix, scalar, ...matrix] as const;
  const sgemm = library.func(symbol, signature);
  return (transposeA, transposeB, m, n, k, a, lda, b, ldb, accumulate, c, ldc) => {
    const [opA, opB] = [transposeA ? transposed : plain, transposeB ? transposed : plain];
    sgemm(rowMajor, opA, opB, m, n, k, 1, base + a, lda, base + b, ldb, accumulate ? 1 : 0, base + c, ldc);
  };
};

/** dnnl_sgemm and dnnl_gemm_bf16bf16f32: row-major, with a status for a result. */
const dnnl = (library: NativeLibrary, base: number, symbol: string): Product => {
  const matrix = ["pointer", "i64"] as const;
  const signature = ["i32", "i8", "i8", "i64", "i64", "i64", "f32", ...matrix, ...matrix, "f32", ...matrix] as const;
  const gemm = library.func(symbol, signature);
  const [letterN, letterT] = [78, 84];
  return (transposeA, transposeB, m, n, k, a, lda, b, ldb, accumulate, c, ldc) => {
    const [opA, opB] = [transposeA ? letterT : letterN, transposeB ? letterT : letterN];
    const status = gemm(opA, opB, m, n, k, 1, base + a, lda, base + b, ldb, accumulate ? 1 : 0, base + c, ldc);
    if (status !== 0) throw new Error(`${symbol}: expected status 0, got ${status}`);
  };
};

/** The instruction sets that oneDNN names by bits (dnnl_cpu_isa_t), those of x86 with wide vectors. */
const dnnlKernels: Record<number, string> = {
  1: "SSE 4.1",
  3: "AVX",
  7: "AVX2",
  15: "AVX2 VNNI",
  39: "AVX-512",
  103: "AVX-512 VNNI",
  231: "AVX-512 bf16",
};

const oneDnn: Flavour = {
  name: "oneDNN",
  candidates: { linux: ["libdnnl.so.3", "libdnnl.so.2", "libdnnl.so"], win32: ["dnnl.dll"], darwin: ["libdnnl.dylib"] },
  // One that is built without OpenMP cannot be told to use one thread.
  symbols: ["dnnl_sgemm", "omp_set_num_threads"],
  useOneThread: (library) => library.func("omp_set_num_threads", ["void", "i32"])(1),
  // Small float32 products with more than 41 or 123 steps, until 3.12 (uxlfoundation/oneDNN, issue 4845).
  movesStackPointer: true,
  products: (library, base) => {
    const bf16 = "dnnl_gemm_bf16bf16f32";
    return {
      float32: dnnl(library, base, "dnnl_sgemm"),
      ...(library.has(bf16) && { bf16: dnnl(library, base, bf16) }),
    };
  },
  describe: (library, native) => {
    const version = native.read(library.func("dnnl_version", ["pointer"])(), new Int32Array(3)).join(".");
    const bits = library.has("dnnl_get_effective_cpu_isa") ? library.func("dnnl_get_effective_cpu_isa", ["i32"])() : 0;
    return { version, kernel: dnnlKernels[bits] ?? (bits ? `instruction set 0x${bits.toString(16)}` : "unknown") };
  },
};

const text = (library: NativeLibrary, native: Native, symbol: string): string =>
  library.has(symbol) ? native.text(library.func(symbol, ["pointer"])()) : "unknown";

const openBlas: Flavour = {
  name: "OpenBLAS",
  candidates: {
    linux: ["libopenblas.so.0", "libopenblas.so"],
    darwin: ["/opt/homebrew/opt/openblas/lib/libopenblas.dylib", "libopenblas.dylib"],
    win32: ["libopenblas.dll", "openblas.dll"],
  },
  symbols: ["cblas_sgemm", "openblas_set_num_threads"],
  useOneThread: (library) => library.func("openblas_set_num_threads", ["void", "i32"])(1),
  products: (library, base) => ({ float32: cblas(library, base) }),
  describe: (library, native) => {
    const config = text(library, native, "openblas_get_config");
    return { version: config.split(" ")[1] ?? config, kernel: text(library, native, "openblas_get_corename") };
  },
};

const mkl: Flavour = {
  name: "MKL",
  candidates: { linux: ["libmkl_rt.so.2", "libmkl_rt.so"], win32: ["mkl_rt.2.dll", "mkl_rt.dll"] },
  symbols: ["cblas_sgemm", "MKL_Set_Num_Threads_Local"],
  useOneThread: (library) => void library.func("MKL_Set_Num_Threads_Local", ["i32", "i32"])(1),
  products: (library, base) => ({ float32: cblas(library, base) }),
  describe: (library, native) => {
    const into = new Uint8Array(200);
    library.func("MKL_Get_Version_String", ["void", "pointer", "i32"])(into, into.length);
    return { version: native.text(native.addressOf(into)).trim(), kernel: "its own choice" };
  },
};

const blis: Flavour = {
  name: "BLIS",
  candidates: { linux: ["libblis.so.4", "libblis.so.3", "libblis.so"], darwin: ["libblis.dylib"] },
  symbols: ["cblas_sgemm", "bli_thread_set_num_threads"],
  useOneThread: (library) => library.func("bli_thread_set_num_threads", ["void", "i64"])(1),
  products: (library, base) => ({ float32: cblas(library, base) }),
  describe: (library, native) => {
    const architecture = library.func("bli_arch_string", ["pointer", "i32"]);
    return {
      version: text(library, native, "bli_info_get_version_str"),
      kernel: native.text(architecture(library.func("bli_arch_query_id", ["i32"])())),
    };
  },
};

const accelerate: Flavour = {
  name: "Accelerate",
  candidates: { darwin: ["/System/Library/Frameworks/Accelerate.framework/Accelerate"] },
  // macOS 15 and newer; before it, nothing but the environment of the process tells it to use one thread.
  symbols: ["cblas_sgemm", "BLASSetThreading"],
  useOneThread: (library) => void library.func("BLASSetThreading", ["i32", "i32"])(1),
  products: (library, base) => ({ float32: cblas(library, base) }),
  describe: () => ({ version: `of Darwin ${process.getBuiltinModule("node:os").release()}`, kernel: "its own choice" }),
};

/** Any other CBLAS, such as the reference: only by its path, as nobody knows whether it starts threads. */
const anyCblas: Flavour = {
  name: "CBLAS",
  candidates: {},
  symbols: ["cblas_sgemm"],
  useOneThread: () => {},
  products: (library, base) => ({ float32: cblas(library, base) }),
  describe: () => ({ version: "unknown", kernel: "unknown" }),
};

/** In the order in which they are looked for: the fastest first, by the measurements in the package's README. */
export const flavours: readonly Flavour[] = [accelerate, oneDnn, mkl, openBlas, blis, anyCblas];

export const flavourNamed = (name: string): Flavour => flavours.find((flavour) => flavour.name === name)!;
