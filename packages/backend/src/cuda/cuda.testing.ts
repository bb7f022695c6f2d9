import { hasCode, problemOf } from "@cramkit/errors";
import { buildCudaEmulator, type CudaEmulator } from "../cuda-emulator.ts";
import { compiled } from "./compiled.generated.ts";

/** The emulator, or why there is none, said loudly. */
export const cudaTests = (): { emulator?: CudaEmulator; skipped?: string } => {
  const skip = (skipped: string) => {
    console.warn(`\n######## CUDA kernels are NOT TESTED: ${skipped} ########\n`);
    return { skipped };
  };
  if (compiled.images.length === 0) return skip("the build had no clang, see cramkit-cuda");
  try {
    return { emulator: buildCudaEmulator() };
  } catch (error) {
    if (!hasCode(error, "unsupported")) throw error;
    return skip(problemOf(error));
  }
};
