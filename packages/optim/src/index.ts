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
} from "./contracts.ts";
export { type AdamwOptions, adamw } from "./optimizers/adamw.ts";
export { type MuonOptions, muon, type OrthogonalizeOptions, orthogonalize } from "./optimizers/muon.ts";
export {
  adafactor,
  adam,
  adamwScale,
  agd,
  lamb,
  larc,
  lars,
  lion,
  radam,
  sgd,
  stableAdamw,
} from "./optimizers/optimizers.ts";
export {
  type AdahessianOptions,
  adahessian,
  type SophiaOptions,
  scaleByAdahessian,
  scaleBySophia,
  sophia,
} from "./optimizers/second-order.ts";
export { type ShampooOptions, scaleByShampoo, shampoo } from "./optimizers/shampoo.ts";
export {
  type StudyOptimizerName,
  type StudyOptimizerOptions,
  studyLearningRate,
  studyOptimizer,
  studyOptimizerNames,
} from "./optimizers/study.ts";
export { type Pattern, studyNoDecay } from "./state/patterns.ts";
export { disposeState, type StateLayout, stateFromTensors, stateLayout, stateTensors } from "./state/state.ts";
export { type FactoredRmsOptions, scaleByFactoredRms } from "./transforms/adafactor.ts";
export { scaleByAgd } from "./transforms/agd.ts";
export { chain } from "./transforms/chain.ts";
export { addDecayedWeights, type DecayOptions, scaleByLearningRate } from "./transforms/decay-and-rate.ts";
export { type MomentumOptions, scaleByLion, trace } from "./transforms/momentum.ts";
export {
  type AdamOptions,
  type MomentState,
  scaleByAdam,
  scaleByRadam,
  scaleByStableAdamw,
} from "./transforms/scale-by-adam.ts";
export { toOptimizer } from "./transforms/to-optimizer.ts";
export {
  clipByBlockRms,
  type LocalRateOptions,
  scaleByLocalRate,
  scaleByParamRms,
  scaleByTrustRatio,
} from "./transforms/trust-ratio.ts";
export { type AccumulateOptions, type AccumulateState, accumulate } from "./wrappers/accumulate.ts";
export {
  type EmaState,
  ema,
  type LatestWeightOptions,
  type LatestWeightState,
  latestWeightAverage,
  lawa,
} from "./wrappers/averages.ts";
export { type ClipOptions, type ClipState, clip, clipByGlobalNorm } from "./wrappers/clip.ts";
export { type Group, type GroupState, groups } from "./wrappers/groups.ts";
export { type LossScalingOptions, type LossScalingState, lossScaling, skipNonFinite } from "./wrappers/loss-scaling.ts";
export { gradientNoiseScale, type NoiseScale, type NoiseScaleInput } from "./wrappers/noise-scale.ts";
export {
  type ProgressiveBatchOptions,
  type ProgressiveBatchState,
  progressiveBatch,
} from "./wrappers/progressive-batch.ts";
export { type SamOptions, sam } from "./wrappers/sam.ts";
