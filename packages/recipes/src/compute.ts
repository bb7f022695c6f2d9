import { type Finding, startBackend } from "@cramkit/backend";
import { type OptimizerKernels, optimizerKernels, registerGradients } from "@cramkit/ops";
import type { Recipe } from "./recipe/recipe.ts";

/** A started backend with our kernels on it: the composition root of every run. */
export interface Compute {
  readonly name: string;
  readonly description: string;
  /** What was looked at, and why this one was chosen. */
  readonly findings: readonly Finding[];
  /** In-place kernels of the backend, where it has them. */
  readonly kernels: OptimizerKernels | undefined;
  /** Starts the same backend anew, without any tensors: what a device holds once it ran out of memory is not to be trusted. */
  restart(): Promise<void>;
  dispose(): void;
}

/** Starts the backend of a recipe and registers gradients and kernels. `allowSoftware`: on a WebGPU adapter that is a CPU. */
export const startCompute = async (
  { name, precision, threads }: Recipe["backend"],
  { allowSoftware = false }: { allowSoftware?: boolean } = {},
): Promise<Compute> => {
  registerGradients();
  const start = (choice: Recipe["backend"]["name"]) =>
    startBackend(choice, {
      kernels: {
        cpu: async () => (await import("@cramkit/ops/cpu")).cpuKernels,
        webgpu: async () => (await import("@cramkit/ops/webgpu")).webgpuKernels,
      },
      cpu: { threads: threads ?? undefined },
      webgpu: { precision, allowSoftware },
    });
  let backend = await start(name);
  const isIgnored = precision === "mixed" && backend.name !== "webgpu";
  const description = `${backend.description}${isIgnored ? " (in float32: mixed precision needs webgpu)" : ""}`;
  return {
    name: backend.name,
    description,
    findings: backend.findings,
    kernels: optimizerKernels(),
    async restart() {
      backend.dispose();
      backend = await start(backend.name);
    },
    dispose: () => backend.dispose(),
  };
};
