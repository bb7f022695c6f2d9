import {
  type CpuBackend,
  type CramkitWebgpuBackend,
  type CudaBackend,
  type Finding,
  type Kernels,
  type StartedBackend,
  startBackend,
} from "@cramkit/backend";
import { type OptimizerKernels, optimizerKernels, registerGradients } from "@cramkit/ops";
import type { CpuRuntime } from "@cramkit/ops/cpu";
import type { CudaRuntime } from "@cramkit/ops/cuda";
import type { Host } from "@cramkit/ops/webgpu";
import type { OptimizerKernels as WantedKernels } from "@cramkit/optim";
import { engine } from "@tensorflow/tfjs-core";
import { Interrupted } from "./progress.ts";
import type { Recipe } from "./recipe/recipe.ts";
import type { StepRecorder } from "./step-recorder.ts";

type HasDefault = "products" | "library" | "recordSteps";

/** What `startCompute` takes: the backend of a recipe. @defaultValue products: "wasm"; library: null; recordSteps: true */
export type BackendSettings = Omit<Recipe["backend"], HasDefault> & Partial<Pick<Recipe["backend"], HasDefault>>;

/** A started backend with our kernels on it: the composition root of every run. */
export interface Compute {
  readonly name: string;
  readonly description: string;
  /** The description without what computes matrix products. */
  readonly device: string;
  /** Whether the CPU backend computes with relaxed SIMD; undefined for the others. */
  readonly relaxedSimd: boolean | undefined;
  /** What was looked at, and why this one was chosen. */
  readonly findings: readonly Finding[];
  /** What computes matrix products on the CPU backend. */
  readonly products: StartedBackend["products"];
  /** In-place kernels of the backend, if it has them. */
  readonly kernels: OptimizerKernels | undefined;
  /** What records steps that repeat: the CUDA backend, unless the recipe does without. */
  recorder(): StepRecorder | undefined;
  /**
   * Runs work that may be given up in its middle: between two operations of the CPU backend it throws `Interrupted` if
   * `isStopping` of `startCompute` says so. Other backends finish it.
   */
  stoppable<T>(work: () => T): T;
  /** Starts the same backend anew, without any tensors: what a device holds once it ran out of memory is not to be trusted. */
  restart(): Promise<void>;
  dispose(): void;
}

/**
 * tfjs hands its kernels "a backend". That ours is what the kernels of ops take it for is proved here, by the compiler:
 * neither package sees the other.
 */
export const runtimeOf = {
  cpu: (backend: CpuBackend) => backend satisfies CpuRuntime,
  webgpu: (backend: CramkitWebgpuBackend) => backend satisfies Host,
  cuda: (backend: CudaBackend) => backend satisfies CudaRuntime,
};

/** Starts the backend of a recipe and registers gradients and kernels. `allowSoftware`: on a WebGPU adapter that is a CPU. */
export const startCompute = async (
  { name, precision, threads, products = "wasm", library = null, recordSteps = true }: BackendSettings,
  {
    allowSoftware = false,
    isStopping,
  }: {
    /** @defaultValue `false` */
    allowSoftware?: boolean;
    /** Whether `stoppable` work is to be given up. @defaultValue never */
    isStopping?: () => boolean;
  } = {},
): Promise<Compute> => {
  registerGradients();
  let mayStop = false;
  const beforeTasks = () => {
    if (mayStop && isStopping?.()) throw new Interrupted("stopped in the middle of a computation");
  };
  const start = (choice: Recipe["backend"]["name"]) =>
    startBackend(choice, {
      kernels: {
        cpu: async () => (await import("@cramkit/ops/cpu")).cpuKernels satisfies Kernels,
        webgpu: async () => (await import("@cramkit/ops/webgpu")).webgpuKernels satisfies Kernels,
        cuda: async () => (await import("@cramkit/ops/cuda")).cudaKernels satisfies Kernels,
      },
      cpu: { threads: threads ?? undefined, products, library: library ?? undefined, precision, beforeTasks },
      webgpu: { precision, allowSoftware },
      cuda: { precision },
    });
  let backend = await start(name);
  const isIgnored = precision === "mixed" && backend.name === "tensorflow"; // the others say it themselves
  const description = `${backend.description}${isIgnored ? " (in float32: mixed precision needs webgpu or cpu)" : ""}`;
  return {
    name: backend.name,
    description,
    device: backend.device,
    relaxedSimd: backend.relaxedSimd,
    findings: backend.findings,
    products: backend.products,
    kernels: optimizerKernels() satisfies WantedKernels | undefined,
    recorder: () =>
      recordSteps && backend.name === "cuda" ? (engine().backend as CudaBackend satisfies StepRecorder) : undefined,
    stoppable(work) {
      mayStop = true;
      try {
        return work();
      } finally {
        mayStop = false;
      }
    },
    async restart() {
      backend.dispose();
      backend = await start(backend.name);
    },
    dispose: () => backend.dispose(),
  };
};
