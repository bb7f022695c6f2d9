import { findLibrary, type Native, type NativeFunction, type Signature } from "@cramkit/native";

/** What is called of cuBLASLt. Each answers 0, or a status of `cublas_api.h`. */
const signatures = {
  cublasLtCreate: ["i32", "pointer"],
  cublasLtDestroy: ["i32", "pointer"],
  cublasLtMatmulDescCreate: ["i32", "pointer", "i32", "i32"],
  cublasLtMatmulDescDestroy: ["i32", "pointer"],
  cublasLtMatmulDescSetAttribute: ["i32", "pointer", "i32", "pointer", "u64"],
  cublasLtMatrixLayoutCreate: ["i32", "pointer", "i32", "u64", "u64", "i64"],
  cublasLtMatrixLayoutDestroy: ["i32", "pointer"],
  cublasLtMatrixLayoutSetAttribute: ["i32", "pointer", "i32", "pointer", "u64"],
  cublasLtMatmulPreferenceCreate: ["i32", "pointer"],
  cublasLtMatmulPreferenceDestroy: ["i32", "pointer"],
  cublasLtMatmulPreferenceSetAttribute: ["i32", "pointer", "i32", "pointer", "u64"],
  cublasLtMatmulAlgoGetHeuristic: [
    ...(["i32", "pointer", "pointer", "pointer", "pointer", "pointer", "pointer"] as const),
    ...(["pointer", "i32", "pointer", "pointer"] as const),
  ],
  cublasLtMatmul: [
    ...(["i32", "pointer", "pointer", "pointer", "pointer", "pointer", "pointer", "pointer"] as const),
    ...(["pointer", "pointer", "pointer", "pointer", "pointer", "pointer", "pointer", "u64", "pointer"] as const),
  ],
} as const satisfies Record<string, Signature<"i32">>;

export type CublasLtCall = keyof typeof signatures;

/** The library, with its functions. */
export interface CublasLt {
  file: string;
  /** "12.8.5" */
  version: string;
  calls: Readonly<Record<CublasLtCall, NativeFunction<"i32">>>;
}

/** Versions by their first number, newest first. */
const majors = [13, 12, 11];

/**
 * Loads cuBLASLt: the file named, or the first that is found. A library of a newer CUDA than the driver's would not start.
 *
 * @param driverVersion - the newest CUDA that the driver knows: 12080 for 12.8
 * @throws a `NativeFault` that says what was tried
 */
export const findCublasLt = (native: Native, driverVersion: number, path?: string): CublasLt => {
  const usable = majors.filter((major) => major <= Math.floor(driverVersion / 1000));
  const names = usable.map((major) => `libcublasLt.so.${major}`);
  const { library, file } = findLibrary(native, {
    what: "cuBLASLt",
    candidates: {
      linux: [...names, ...filesIn(foldersOf(process.env), names)],
      win32: usable.map((major) => `cublasLt64_${major}.dll`),
    },
    symbols: Object.keys(signatures),
    path,
    remedy:
      "install it (pip install nvidia-cublas-cu12), put its folder on LD_LIBRARY_PATH, or give its path as `productsLibrary`",
  });
  const bound = Object.entries(signatures).map(([name, signature]) => [name, library.func(name, signature)]);
  const number = Number(library.func("cublasLtGetVersion", ["u64"])());
  return { file, version: versionText(number), calls: Object.fromEntries(bound) };
};

const versionText = (number: number): string =>
  [Math.floor(number / 10_000), Math.floor(number / 100) % 100, number % 100].join(".");

/**
 * Where CUDA and PyTorch put it, beside what the system's loader searches: a toolkit, then the packages of the Python that is active, or that the
 * PATH has, then the user's own.
 */
export const foldersOf = (env: NodeJS.ProcessEnv): string[] => {
  const { readdirSync, realpathSync } = process.getBuiltinModule("node:fs");
  const { delimiter, dirname, join } = process.getBuiltinModule("node:path");
  const list = (folder: string): string[] => {
    try {
      return readdirSync(folder).sort().toReversed(); // newest first
    } catch {
      return []; // not there
    }
  };
  const real = (file: string): string[] => {
    try {
      return [realpathSync(file)];
    } catch {
      return [];
    }
  };
  const toolkits = [env.CUDA_HOME, env.CUDA_PATH, "/usr/local/cuda"].filter((folder) => folder !== undefined);
  const numbered = list("/usr/local").filter((name) => name.startsWith("cuda-"));
  const pythons = (env.PATH ?? "")
    .split(delimiter)
    .filter(Boolean)
    .flatMap((folder) => real(join(folder, "python3")))
    .map((file) => dirname(dirname(file)));
  const home = env.HOME ? [join(env.HOME, ".local")] : [];
  const prefixes = [env.VIRTUAL_ENV, env.CONDA_PREFIX, ...pythons, ...home, "/usr/local"].filter(
    (folder) => folder !== undefined,
  );
  const packages = prefixes.flatMap((prefix) =>
    list(join(prefix, "lib"))
      .filter((name) => name.startsWith("python3"))
      .flatMap((name) => ["site-packages", "dist-packages"].map((kind) => join(prefix, "lib", name, kind))),
  );
  return [
    ...[...toolkits, ...numbered.map((name) => join("/usr/local", name))].map((folder) => join(folder, "lib64")),
    ...packages.flatMap((folder) => [
      ...list(join(folder, "nvidia"))
        .filter((name) => name === "cublas" || /^cu\d+$/.test(name))
        .map((name) => join(folder, "nvidia", name, "lib")),
      join(folder, "torch", "lib"),
    ]),
    ...prefixes.map((prefix) => join(prefix, "lib")),
  ];
};

/** The files of those names that are there, each once. */
export const filesIn = (folders: readonly string[], names: readonly string[]): string[] => {
  const { existsSync } = process.getBuiltinModule("node:fs");
  const { join } = process.getBuiltinModule("node:path");
  const all = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  return [...new Set(all)].filter((file) => existsSync(file));
};
