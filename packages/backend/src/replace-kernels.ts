import { getKernel, type KernelConfig, registerKernel, unregisterKernel } from "@tensorflow/tfjs-core";

/** Registers kernels under `backendName`, in place of those of the same names: tfjs would warn about each. */
export const replaceKernels = (backendName: string, kernels: readonly KernelConfig[]): void => {
  for (const config of kernels) {
    if (getKernel(config.kernelName, backendName)) unregisterKernel(config.kernelName, backendName);
    registerKernel({ ...config, backendName });
  }
};
