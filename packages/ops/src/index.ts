export { type AttentionOptions, attention } from "./attention/attention.ts";
export { type DropoutOptions, dropout } from "./dropout/dropout.ts";
export { type EmbeddingOptions, embedding } from "./embedding/embedding.ts";
export {
  type GatedFeedForwardOptions,
  gatedFeedForward,
  type LinearParameters,
} from "./gated-feed-forward/gated-feed-forward.ts";
export { gelu } from "./gelu/gelu.ts";
export { type GluActivation, glu } from "./glu/glu.ts";
export { registerGradients } from "./gradients/register-gradients.ts";
export { registerKernels } from "./kernels.ts";
export { layerNorm } from "./layer-norm/layer-norm.ts";
export { linear } from "./linear/linear.ts";
export { type MaskedCrossEntropyOptions, maskedCrossEntropy } from "./masked-cross-entropy/masked-cross-entropy.ts";
export { type AdamwAttrs, type AdamwUpdate, type OptimizerKernels, optimizerKernels } from "./optimizer/kernels.ts";
export {
  normOfSum,
  type ResidualNormKind,
  type ResidualNormOptions,
  residualNorm,
} from "./residual-norm/residual-norm.ts";
export { rmsNorm } from "./rms-norm/rms-norm.ts";
export { type RotaryOptions, rotary, rotaryTable } from "./rotary/rotary.ts";
