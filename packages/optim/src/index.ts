export { type AccumulateOptions, type AccumulateState, accumulate } from "./accumulate.ts";
export { type AdamwOptions, adamw, type MomentState } from "./adamw.ts";
export { chain } from "./chain.ts";
export { type ClipOptions, type ClipState, clip, clipByGlobalNorm } from "./clip.ts";
export { type Pattern, studyNoDecay } from "./patterns.ts";
export { disposeState, type StateLayout, stateFromTensors, stateLayout, stateTensors } from "./state.ts";
export { toOptimizer } from "./to-optimizer.ts";
export type {
  AdamwAttrs,
  Evaluate,
  EvaluateOptions,
  Evaluation,
  Gradients,
  GradientTransformation,
  Kernels,
  Optimizer,
  Progress,
  Rate,
  State,
  TensorMap,
} from "./types.ts";
