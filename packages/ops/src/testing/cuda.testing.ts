import { type CudaOptions, startCuda } from "@cramkit/backend/cuda";
import { buildCudaEmulator, type CudaEmulator } from "@cramkit/backend/cuda-emulator";
import { problemOf } from "@cramkit/errors";
import { registerGradients } from "../gradients/register-gradients.ts";

/** The emulator, or why there is none, said loudly. */
export const cudaEmulator = (): { emulator?: CudaEmulator; skipped?: string } => {
  try {
    return { emulator: buildCudaEmulator() };
  } catch (error) {
    const skipped = problemOf(error);
    console.warn(`\n######## CUDA kernels are NOT TESTED: ${skipped} ########\n`);
    return { skipped };
  }
};

/** Starts the CUDA backend on the emulator. */
export const startCudaBackend = async ({ library }: CudaEmulator, options: CudaOptions = {}) => {
  registerGradients();
  return startCuda({ library, check: true, ...options });
};
