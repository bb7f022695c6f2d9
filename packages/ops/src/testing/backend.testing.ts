import { setBackend } from "@tensorflow/tfjs-core";
import { cpuKernels } from "../cpu-kernels.ts";
import { registerGradients } from "../gradients/register-gradients.ts";

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
  registerGradients();
  return (await startBackend())("cpu", { cpu, kernels: { cpu: cpuKernels } });
};

/** TensorFlow through an installed tfjs-node(-gpu), with the references. */
export const startTensorflow = async (): Promise<Started> => {
  registerGradients();
  return (await startBackend())("tensorflow");
};

// Not a static import: the layers forbid one, and a kernel needs the interface, not the package.
const startBackend = async () => {
  const url = new URL("../../../backend/src/start-backend.ts", import.meta.url).href;
  const module = await import(/* @vite-ignore */ url);
  return module.startBackend as (name: "cpu" | "tensorflow", options?: object) => Promise<Started>;
};

/** tfjs-backend-cpu as it comes. */
export const startStockCpu = async (): Promise<Started> => {
  await import("@tensorflow/tfjs-backend-cpu");
  await setBackend("cpu");
  registerGradients();
  return { description: "tfjs-backend-cpu", dispose: () => {} };
};
