import { registerGradients } from "../gradients/index.ts";
import { registerKernels } from "../kernels.ts";
import type { Capabilities, Host } from "./host.ts";
import { webgpuKernels } from "./index.ts";

/** What the tests of the kernels need of a WebGPU backend: the one beside this package, found at run time. */
export interface TestBackend {
  description: string;
  report: { bestTier: Capabilities["tier"]; software: boolean };
  backend: Host & {
    poison: boolean;
    numDataIds(): number;
    dispatchCounters(): { bindGroups: number; uniformUploads: number };
  };
  dispose(): void;
}

let registered = false;

/** Starts WebGPU with our kernels, or says why there is none: a run without an adapter must be seen, not believed. */
export async function startTestBackend(
  options: { tier?: Capabilities["tier"]; variants?: Record<string, string> } = {},
): Promise<TestBackend> {
  // Not a static import: the layers forbid one, and a kernel needs the interface, not the package.
  const url = new URL("../../../backend/src/webgpu/index.ts", import.meta.url).href;
  const { startWebgpu } = (await import(/* @vite-ignore */ url)) as {
    startWebgpu(options: object): Promise<TestBackend>;
  };
  const { tier = "float32" } = options;
  const precision = tier === "float32" ? "float32" : "mixed";
  const started = await startWebgpu({ allowSoftware: true, precision, ...options, tier });
  if (!registered) {
    registerGradients();
    registerKernels(webgpuKernels);
    registered = true;
  }
  console.info(`WebGPU kernels on ${started.description}`);
  return started;
}
