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
}

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
