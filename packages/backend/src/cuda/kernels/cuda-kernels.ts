import type { KernelConfig } from "@tensorflow/tfjs-core";
import { elementwiseKernels } from "./elementwise.ts";
import { indexingKernels } from "./indexing.ts";
import { movementKernels } from "./movement.ts";
import { productKernels } from "./product.ts";
import { reductionKernels } from "./reduction.ts";
import { sumKernels } from "./sum.ts";

/** Every kernel of tfjs-core's own operations that the backend has. */
export const cudaKernels = (): KernelConfig[] => [
  ...elementwiseKernels(),
  ...movementKernels(),
  ...reductionKernels(),
  ...indexingKernels(),
  ...productKernels(),
  ...sumKernels(),
];
