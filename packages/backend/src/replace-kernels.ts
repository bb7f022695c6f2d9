import { getKernel, type KernelConfig, type KernelFunc, registerKernel, unregisterKernel } from "@tensorflow/tfjs-core";

/** A kernel, or with `over` one that is made from the backend's own of that name. */
export type Kernel = KernelConfig & {
  /**
   * Returns what is registered in the place of the backend's own kernel.
   *
   * @defaultValue `kernelFunc` is registered
   */
  over?: (own: KernelFunc) => KernelFunc;
};

/** Registers kernels under `backendName`, in place of those of the same names: tfjs would warn about each. */
export const replaceKernels = (backendName: string, kernels: readonly Kernel[]): void => {
  for (const { over, ...config } of kernels) {
    const own = getKernel(config.kernelName, backendName);
    if (own) unregisterKernel(config.kernelName, backendName);
    const kernelFunc = over && own ? over(own.kernelFunc) : config.kernelFunc;
    registerKernel({ ...config, kernelFunc, backendName });
  }
};
