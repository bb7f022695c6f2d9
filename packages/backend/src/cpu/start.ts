import { fault } from "@cramkit/errors";
import { type CompiledFor, checkLayout } from "@cramkit/wasm-kit";
import { engine, getKernelsForBackend, type KernelConfig, registerBackend, setBackend } from "@tensorflow/tfjs-core";
import { replaceKernels } from "../replace-kernels.ts";
import { CpuBackend } from "./backend.ts";
import type { StartThread } from "./browser-thread.ts";
import { maxThreads } from "./control-block.ts";
import { isShared } from "./heap.ts";
import { cpuKernels } from "./kernels.ts";
import { chooseProducts, type ProductsChoice, type ProductsReport } from "./library/choose-products.ts";
import { hasRelaxedSimd } from "./module.ts";

/** The name under which tfjs knows the backend. */
export const cpuBackendName = "cramkit-cpu";

export interface CpuOptions {
  /**
   * Threads that compute, the calling one included: at most 256.
   *
   * @defaultValue one a core, at most 64
   */
  threads?: number;
  /**
   * Whether to use the fused multiply-add of engines with relaxed SIMD. Plain SIMD rounds the same everywhere.
   *
   * @defaultValue `true`
   */
  relaxedSimd?: boolean;
  /**
   * What computes matrix products: our WebAssembly, which is the same everywhere; a library of this machine, several
   * times as fast, whose last bits are its own; or `auto`, a library if one is found. Without WebAssembly's bits, results
   * still do not depend on the number of threads. @defaultValue "wasm"
   */
  products?: ProductsChoice;
  /** The library's file, or the name under which the system finds it. @defaultValue the first of the known ones */
  library?: string;
  /**
   * "mixed" rounds the operands of large products to bf16 and keeps weights, sums and state in float32. It needs a library
   * and a processor that have bf16: with `products: "library"` it is an error if they do not, else float32 it is.
   * @defaultValue "float32"
   */
  precision?: "float32" | "mixed";
  /** The fewest multiply-adds of a product that the library computes; WebAssembly takes the rest. @defaultValue 32768 */
  libraryFrom?: number;
  /**
   * Called before each kernel's work on the threads. What it throws comes out of the operation: the way to end a computation
   * that blocks this thread for long. @defaultValue nothing is called
   */
  beforeTasks?: () => void;
  /**
   * Starts a thread in a browser; Node does not call it. For a backend inside a worker whose threads the page starts: in Firefox
   * 153 a worker that starts workers hangs now and then. The script expects one message and never answers.
   *
   * @defaultValue the calling thread starts a `Worker`
   */
  startThread?: StartThread;
}

const availableThreads = (): number =>
  globalThis.process?.getBuiltinModule?.("node:os").availableParallelism() ??
  globalThis.navigator?.hardwareConcurrency ??
  1;

/** A growing memory; shared if the environment allows it. */
const createMemory = (shared: boolean): WebAssembly.Memory => {
  // The maximum is only reserved; some machines do not even let us do that.
  for (const maximum of [65536, 32768, 16384, 8192]) {
    try {
      return new WebAssembly.Memory({ initial: 1024, maximum, shared });
    } catch {
      // Try a smaller reservation.
    }
  }
  throw fault({
    code: "out-of-memory",
    place: "startBackend",
    problem: "expected room to reserve 512 MiB of memory, got none",
    remedy: "close other programs, or raise `ulimit -v`",
    type: RangeError,
  });
};

/** Registers the backend with kernels and makes it current. */
export const startCpu = async (options: CpuOptions, kernels: readonly KernelConfig[]) => {
  const { threads, relaxedSimd = true } = options;
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1))
    throw fault({
      code: "invalid-argument",
      place: "startBackend",
      problem: `expected threads to be an integer >= 1, got ${threads}`,
      remedy: "leave it out for one a core",
      type: RangeError,
    });
  if (threads !== undefined && threads > maxThreads)
    throw fault({
      code: "invalid-argument",
      place: "startBackend",
      problem: `expected threads to be at most ${maxThreads}, got ${threads}`,
      remedy: "leave it out for one a core",
      type: RangeError,
    });
  checkLayouts(kernels);
  const mayShare = typeof SharedArrayBuffer === "function";
  const memory = createMemory(mayShare);
  const wanted = isShared(memory) ? (threads ?? Math.min(availableThreads(), 64)) : 1;
  const relaxed = relaxedSimd && hasRelaxedSimd();
  const { found, report } = await chooseProducts(options, memory);
  const mixed = report.precision === "mixed";
  const backend = new CpuBackend({
    memory,
    threads: wanted,
    relaxed,
    library: found,
    libraryFrom: options.libraryFrom,
    mixed,
    beforeTasks: options.beforeTasks,
    startThread: options.startThread,
  });
  const { threads: count } = backend;

  if (engine().findBackendFactory(cpuBackendName)) engine().removeBackend(cpuBackendName);
  registerBackend(cpuBackendName, () => backend);
  registerCpuKernels(kernels);
  if (!(await setBackend(cpuBackendName)))
    throw fault({
      code: "version-mismatch",
      place: "startBackend",
      problem: `expected tfjs to accept the backend ${cpuBackendName}, got a refusal`,
      remedy: "install tfjs-core 4.22",
    });
  const simd = relaxed ? "relaxed SIMD" : "SIMD";
  const why = mayShare ? "" : "; no shared memory here (a browser needs cross-origin isolation), so one thread";
  const device = `WASM ${simd}, ${count} ${count === 1 ? "thread" : "threads"}${why}`;
  return {
    description: `${device}${describeProducts(report)}`,
    device,
    products: report,
    threads: count,
    relaxedSimd: relaxed,
    dispose: () => {
      // Another start may have put its own in this one's place.
      if (engine().findBackend(cpuBackendName) === backend) engine().removeBackend(cpuBackendName);
    },
  };
};

/** A kernel of JavaScript alone has no layout. Before there are threads that a failure would leave running. */
const checkLayouts = (kernels: readonly (KernelConfig & Partial<CompiledFor>)[]): void => {
  for (const { kernelName, layout } of kernels) if (layout !== undefined) checkLayout(kernelName, { layout });
};

const describeProducts = ({ library, precision, remark, remedy }: ProductsReport): string => {
  const note = remark ? ` (${remark}${remedy ? `; ${remedy}` : ""})` : "";
  if (!library) return note;
  const { name, version, kernel } = library;
  return `; products by ${name} ${version} (${kernel})${precision === "mixed" ? " in bf16" : ""}${note}`;
};

/** tfjs-backend-cpu's kernels under our name, ours in place of the slow ones, and the caller's on top. */
const registerCpuKernels = (kernels: readonly KernelConfig[]): void => {
  replaceKernels(cpuBackendName, getKernelsForBackend("cpu"));
  replaceKernels(cpuBackendName, cpuKernels(cpuBackendName));
  replaceKernels(cpuBackendName, kernels);
};
