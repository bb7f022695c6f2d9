import { startBackend } from "@cramkit/backend";
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
  products?: "wasm" | "library" | "auto";
  precision?: "float32" | "mixed";
  libraryFrom?: number;
}

/** Whether a library for matrix products is there, and whether it multiplies bf16. */
export const findLibrary = async (): Promise<{ isThere: boolean; bf16: boolean }> => {
  const { products, dispose } = await startBackend("cpu", { cpu: { threads: 1, products: "auto" } });
  dispose();
  return { isThere: products?.library !== undefined, bf16: products?.library?.bf16 === true };
};

/** Starts the CPU backend with our kernels. */
export const startCpuBackend = async (cpu: CpuTestOptions = {}): Promise<Started> => {
  registerGradients();
  return startBackend("cpu", { cpu, kernels: { cpu: cpuKernels } });
};

/** TensorFlow through an installed tfjs-node(-gpu), with the references. */
export const startTensorflow = async (): Promise<Started> => {
  registerGradients();
  return startBackend("tensorflow");
};

/** tfjs-backend-cpu as it comes. */
export const startStockCpu = async (): Promise<Started> => {
  await import("@tensorflow/tfjs-backend-cpu");
  await setBackend("cpu");
  registerGradients();
  return { description: "tfjs-backend-cpu", dispose: () => {} };
};
