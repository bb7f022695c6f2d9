import { setBackend } from "@tensorflow/tfjs-core";
import { registerGradients } from "../gradients/index.ts";
import { cpuKernels } from "./index.ts";

interface Started {
  description: string;
  dispose(): void;
}

export interface CpuTestOptions {
  threads?: number;
  relaxedSimd?: boolean;
}

/** Starts the CPU backend that lies beside this package, with our kernels. */
export const startCpuBackend = async (cpu: CpuTestOptions = {}): Promise<Started> => {
  // Not a static import: the layers forbid one, and a kernel needs the interface, not the package.
  const url = new URL("../../../backend/src/start-backend.ts", import.meta.url).href;
  const { startBackend } = (await import(/* @vite-ignore */ url)) as {
    startBackend(name: "cpu", options: object): Promise<Started>;
  };
  registerGradients();
  return startBackend("cpu", { cpu, kernels: { cpu: cpuKernels } });
};

/** tfjs-backend-cpu as it comes. */
export const startStockCpu = async (): Promise<Started> => {
  await import("@tensorflow/tfjs-backend-cpu");
  await setBackend("cpu");
  registerGradients();
  return { description: "tfjs-backend-cpu", dispose: () => {} };
};
