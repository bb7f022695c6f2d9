import type { KernelConfig } from "@tensorflow/tfjs-core";
import { attentionCuda } from "./attention/cuda.ts";
import { compiled } from "./cuda/compiled.generated.ts";
import { dropoutCuda } from "./dropout/cuda.ts";
import { embeddingCuda } from "./embedding/cuda.ts";
import { gatedFeedForwardCuda } from "./gated-feed-forward/cuda.ts";
import { geluCuda } from "./gelu/cuda.ts";
import { gluCuda } from "./glu/cuda.ts";
import { layerNormCuda } from "./layer-norm/cuda.ts";
import { linearCuda } from "./linear/cuda.ts";
import { maskedCrossEntropyCuda } from "./masked-cross-entropy/cuda.ts";
import { optimizerCuda } from "./optimizer/cuda.ts";
import { residualNormCuda } from "./residual-norm/cuda.ts";
import { rmsNormCuda } from "./rms-norm/cuda.ts";
import { rotaryCuda } from "./rotary/cuda.ts";

export type { CudaRuntime } from "./cuda/runtime.ts";

/**
 * Every fused kernel for the CUDA backend of `@cramkit/backend`, which registers as `cramkit-cuda`; none if this package was built
 * without clang.
 */
export const cudaKernels: readonly KernelConfig[] = /* @__PURE__ */ (() =>
  compiled.images.length === 0
    ? []
    : [
        attentionCuda,
        dropoutCuda,
        embeddingCuda,
        gatedFeedForwardCuda,
        geluCuda,
        gluCuda,
        layerNormCuda,
        linearCuda,
        maskedCrossEntropyCuda,
        optimizerCuda,
        residualNormCuda,
        rmsNormCuda,
        rotaryCuda,
      ].flat())();
