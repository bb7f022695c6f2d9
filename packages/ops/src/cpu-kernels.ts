import { attentionCpu } from "./attention/cpu.ts";
import type { CpuKernelConfig } from "./cpu/runtime.ts";
import { dropoutCpu } from "./dropout/cpu.ts";
import { embeddingCpu } from "./embedding/cpu.ts";
import { geluCpu } from "./gelu/cpu.ts";
import { gluCpu } from "./glu/cpu.ts";
import { layerNormCpu } from "./layer-norm/cpu.ts";
import { linearCpu } from "./linear/cpu.ts";
import { maskedCrossEntropyCpu } from "./masked-cross-entropy/cpu.ts";
import { optimizerCpu } from "./optimizer/cpu.ts";
import { residualNormCpu } from "./residual-norm/cpu.ts";
import { rmsNormCpu } from "./rms-norm/cpu.ts";
import { rotaryCpu } from "./rotary/cpu.ts";

export type { CpuKernelConfig, CpuRuntime } from "./cpu/runtime.ts";

/** Every fused kernel for the CPU backend of `@cramkit/backend`, which registers as `cramkit-cpu`. */
export const cpuKernels: CpuKernelConfig[] = /* @__PURE__ */ [
  attentionCpu,
  dropoutCpu,
  embeddingCpu,
  geluCpu,
  gluCpu,
  layerNormCpu,
  linearCpu,
  maskedCrossEntropyCpu,
  optimizerCpu,
  residualNormCpu,
  rmsNormCpu,
  rotaryCpu,
].flat();
