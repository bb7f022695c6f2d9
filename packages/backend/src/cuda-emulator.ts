import { checkOptions, fault } from "@cramkit/errors";
import { startNative } from "@cramkit/native";

/** What a test may set of the emulated machine, and count: keys of driver.cpp, in its order. */
const keys = [
  ...([
    "cards",
    "driverVersion",
    "major",
    "minor",
    "memoryBytes",
    "failIn",
    "failWith",
    "skipKernels",
    "mutant",
  ] as const),
  ...(["launches", "bytes", "allocations", "copies", "graphLaunches"] as const),
  ...(["libraryFails", "libraryProducts", "libraryObjects"] as const),
  ...(["mostBytes", "pinnedBytes", "streams", "events", "graphs", "modules", "contexts"] as const),
] as const;

export type EmulatorKey = (typeof keys)[number];

/** The emulated driver of this process. */
export interface CudaEmulator {
  /** The driver's library: the option `library` of the `cuda` backend. */
  library: string;
  /**
   * `cards`: how many (below 0: what starting the driver answers); `driverVersion`: 12080 for 12.8; `major`, `minor`: of the
   * card's capability; `memoryBytes`; `failIn`: the launch from now on that fails, `failWith` that number; `skipKernels`: 1 to
   * launch without computing; `libraryFails`: the status of a failure of its cuBLASLt, which the same library holds (1: it does not start,
   * 13: a product fails, 15: it has no algorithm), `libraryProducts` and `libraryObjects` what it was asked for and holds; `mutant`: which of the `mutants` is there, from 1 on; 0 for none.
   *
   * Counted: `launches`, `copies` and `graphLaunches` so far; the most `bytes` that there were, `mostBytes`, until it is set; and what is
   * there now, of which a program that ended its backend leaves none: `bytes` in `allocations` on the card, `pinnedBytes`, `streams`,
   * `events`, `graphs` (also instantiated ones), `modules`, `contexts` that were retained.
   */
  set(key: EmulatorKey, value: number): void;
  get(key: EmulatorKey): number;
}

export interface EmulatorOptions {
  /**
   * Files of CUDA C++ beside the backend's own: those that other modules were compiled from.
   *
   * @defaultValue `[]`
   */
  kernels?: readonly string[];
  /**
   * Faults that are compiled in, to see whether tests find them: `set("mutant", i + 1)` makes the i-th.
   *
   * @defaultValue `[]`
   */
  mutants?: readonly Mutant[];
}

/** A fault that somebody could make in a kernel's text. */
export interface Mutant {
  /** The end of a kernel file's path: "matrix-tile.h". */
  file: string;
  /** Statements with their semicolons, or an expression, that are there once. */
  from: string;
  /** What is right before them, if they are there more often. @defaultValue nothing that matters */
  after?: string;
  /** What is there instead; "" for nothing, in place of a statement. */
  to: string;
}

/**
 * Compiles the CUDA kernels for this processor, with a driver around them that runs each launch at once: for tests on machines
 * without a card. Linux on x86-64, with g++ or clang++. The library lies in the system's folder for temporary files under a
 * name made of what it was compiled from, and is compiled once. It finds what cuda/emulator/device.h says, and takes no measure
 * of speed.
 *
 * @throws Fault with the code `unsupported` on other machines, and without a compiler.
 */
export const buildCudaEmulator = (options: EmulatorOptions = {}): CudaEmulator => {
  checkOptions("buildCudaEmulator", options, { kernels: true, mutants: true });
  const { kernels = [], mutants = [] } = options;
  const { createHash } = process.getBuiltinModule("node:crypto");
  const { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } =
    process.getBuiltinModule("node:fs");
  const { basename, dirname, join } = process.getBuiltinModule("node:path");
  const { tmpdir, cpus } = process.getBuiltinModule("node:os");
  const { fileURLToPath } = process.getBuiltinModule("node:url");
  if (process.platform !== "linux" || process.arch !== "x64")
    throw unsupported(`Linux on x64, got ${process.platform} on ${process.arch}`, "use a card, or another backend");
  const folder = mkdtempSync(join(tmpdir(), "cramkit-cuda-emulator-"));
  try {
    const ours = join(dirname(fileURLToPath(import.meta.url)), "..", "cuda");
    const emulator = join(folder, "emulator");
    cpSync(join(ours, "emulator"), emulator, { recursive: true });
    const own = join(ours, "kernels");
    const entries = [join(own, "index.cu"), join(own, "wgmma.cu"), ...kernels];
    const folders = [...new Set(entries.map((entry) => dirname(entry)))];
    const hash = createHash("sha256").update(cpus()[0]?.model ?? "");
    // Each entry's folder is copied, so that a change reaches what it includes; a folder of another package as it is.
    for (const [i, from] of folders.entries())
      cpSync(from, join(folder, `kernels-${i}`), {
        recursive: true,
        filter: (path) => /\.(cu|h)$/.test(path) || statSync(path).isDirectory(),
      });
    const copied = entries.map((entry) => join(folder, `kernels-${folders.indexOf(dirname(entry))}`, basename(entry)));
    for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" }).sort()) {
      const file = join(folder, name);
      if (!/\.(cu|h|cpp)$/.test(name)) continue;
      const text = readFileSync(file, "utf8");
      const changed = name.startsWith("emulator") ? text : withMutants(text, name, mutants);
      if (changed !== text) writeFileSync(file, changed);
      hash.update(name).update(changed);
    }
    const list = join(folder, "all.cu");
    writeFileSync(list, copied.map((file) => `#include "${file}"\n`).join(""));
    const library = join(tmpdir(), `cramkit-cuda-emulator-${hash.digest("hex").slice(0, 24)}.so`);
    if (!existsSync(library)) {
      const built = join(folder, "emulator.so");
      const include = ["-I", emulator, "-I", join(folder, "kernels-0"), `-DKERNELS="${list}"`];
      const flags = ["-std=c++17", "-O1", "-march=native", "-fPIC", "-shared", "-Wno-unknown-pragmas", "-w"];
      compile([...flags, ...include, join(emulator, "driver.cpp"), "-o", built]);
      cpSync(built, `${library}.${process.pid}`);
      renameSync(`${library}.${process.pid}`, library);
    }
    return opened(library);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** A text in which each mutant of that file is an alternative. */
const withMutants = (text: string, name: string, mutants: readonly Mutant[]): string =>
  mutants.reduce((changed, { file, from, to, after = "" }, i) => {
    if (!name.endsWith(file)) return changed;
    const times = changed.split(after + from).length - 1;
    if (times !== 1)
      throw new RangeError(`buildCudaEmulator: expected "${after}${from}" once in ${file}, got it ${times} times`);
    const isMutant = `emulator::mutant == ${i + 1}`;
    const either = from.trimEnd().endsWith(";")
      ? `if (${isMutant}) { ${to} } else { ${from} }`
      : `(${isMutant} ? (${to}) : (${from}))`;
    return changed.replace(after + from, () => after + either);
  }, text);

const compile = (args: readonly string[]): void => {
  const { spawnSync } = process.getBuiltinModule("node:child_process");
  for (const compiler of ["g++", "clang++"]) {
    const { error, status, stderr } = spawnSync(compiler, args, { encoding: "utf8" });
    if (error) continue;
    if (status !== 0) throw new Error(`buildCudaEmulator: ${compiler} failed\n${stderr}`);
    return;
  }
  throw unsupported("g++ or clang++, got neither", "apt-get install g++");
};

const opened = (path: string): CudaEmulator => {
  const library = startNative().open(path);
  const set = library.func("emulator_set", ["void", "i32", "i64"]);
  const get = library.func("emulator_get", ["i64", "i32"]);
  return {
    library: path,
    set: (key, value) => void set(keys.indexOf(key), value),
    get: (key) => Number(get(keys.indexOf(key))),
  };
};

const unsupported = (expected: string, remedy: string): Error =>
  fault({ code: "unsupported", place: "buildCudaEmulator", problem: `expected ${expected}`, remedy });
