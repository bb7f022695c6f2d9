import { fileURLToPath } from "node:url";
import { type CudaOptions, startCuda } from "@cramkit/backend/cuda";
import { buildCudaEmulator, type CudaEmulator, type Mutant } from "@cramkit/backend/cuda-emulator";
import { hasCode, problemOf } from "@cramkit/errors";
import { cudaKernels } from "../cuda-kernels.ts";
import { registerGradients } from "../gradients/register-gradients.ts";

/** The emulator, or why there is none, said loudly. */
export const cudaEmulator = (mutants: readonly Mutant[] = []): { emulator?: CudaEmulator; skipped?: string } => {
  try {
    return {
      emulator: buildCudaEmulator({
        kernels: ["../cuda-kernels.cu", "../cuda-kernels-hopper.cu"].map((file) =>
          fileURLToPath(new URL(file, import.meta.url)),
        ),
        mutants,
      }),
    };
  } catch (error) {
    if (!hasCode(error, "unsupported")) throw error;
    const skipped = problemOf(error);
    console.warn(`\n######## CUDA kernels are NOT TESTED: ${skipped} ########\n`);
    return { skipped };
  }
};

/** Starts the CUDA backend on the emulator, with our kernels unless the references are wanted. */
export const startCudaBackend = async (
  { library }: CudaEmulator,
  { references = false, ...options }: CudaOptions & { references?: boolean } = {},
) => {
  registerGradients();
  return startCuda({ library, check: true, ...options }, references ? [] : cudaKernels);
};
