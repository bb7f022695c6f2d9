import { attentionWebgpu } from "./attention/webgpu/kernels.ts";
import { dropoutWebgpu } from "./dropout/webgpu.ts";
import { embeddingWebgpu } from "./embedding/webgpu.ts";
import { gatedFeedForwardWebgpu } from "./gated-feed-forward/webgpu.ts";
import { geluWebgpu } from "./gelu/webgpu.ts";
import { gluWebgpu } from "./glu/webgpu.ts";
import type { ReplacingKernel } from "./kernels.ts";
import { layerNormWebgpu } from "./layer-norm/webgpu.ts";
import { linearWebgpu } from "./linear/webgpu.ts";
import { maskedCrossEntropyWebgpu } from "./masked-cross-entropy/webgpu.ts";
import { optimizerWebgpu } from "./optimizer/webgpu.ts";
import { residualNormWebgpu } from "./residual-norm/webgpu.ts";
import { rmsNormWebgpu } from "./rms-norm/webgpu.ts";
import { rotaryWebgpu } from "./rotary/webgpu.ts";
import { sumWebgpu } from "./webgpu/sum.ts";

export { attentionVariants } from "./attention/webgpu/matrix-select.ts";
export { epilogueVariants, gemmVariants } from "./webgpu/gemm/select.ts";
export type { Host } from "./webgpu/host.ts";
export { subgroupSizes } from "./webgpu/subgroup-size.ts";
export type { KernelVariant } from "./webgpu/variant.ts";

/** Every kernel for tfjs's backend `webgpu`, to be passed to `registerKernels`. */
export const webgpuKernels: readonly ReplacingKernel[] = /* @__PURE__ */ [
  linearWebgpu,
  embeddingWebgpu,
  layerNormWebgpu,
  rmsNormWebgpu,
  rotaryWebgpu,
  attentionWebgpu,
  geluWebgpu,
  gluWebgpu,
  gatedFeedForwardWebgpu,
  dropoutWebgpu,
  maskedCrossEntropyWebgpu,
  optimizerWebgpu,
  residualNormWebgpu,
  sumWebgpu,
].flat();
