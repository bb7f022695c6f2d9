export { type AccumulateOptions, type AccumulateState, accumulate } from "./accumulate.ts";
export { type FactoredRmsOptions, scaleByFactoredRms } from "./adafactor.ts";
export { type AdamwOptions, adamw, type MomentState } from "./adamw.ts";
export { scaleByAgd } from "./agd.ts";
export {
  type EmaState,
  ema,
  type LatestWeightOptions,
  type LatestWeightState,
  latestWeightAverage,
  lawa,
} from "./averages.ts";
export { chain } from "./chain.ts";
export { type ClipOptions, type ClipState, clip, clipByGlobalNorm } from "./clip.ts";
export { addDecayedWeights, type DecayOptions, scaleByLearningRate } from "./decay-and-rate.ts";
export { type Group, type GroupState, groups } from "./groups.ts";
export { type LossScalingOptions, type LossScalingState, lossScaling, skipNonFinite } from "./loss-scaling.ts";
export { type MomentumOptions, scaleByLion, trace } from "./momentum.ts";
export { type MuonOptions, muon, type OrthogonalizeOptions, orthogonalize } from "./muon.ts";
export { gradientNoiseScale, type NoiseScale, type NoiseScaleInput } from "./noise-scale.ts";
export { adafactor, adam, adamwScale, agd, lamb, larc, lars, lion, radam, sgd, stableAdamw } from "./optimizers.ts";
export { type Pattern, studyNoDecay } from "./patterns.ts";
export { type ProgressiveBatchOptions, type ProgressiveBatchState, progressiveBatch } from "./progressive-batch.ts";
export { type SamOptions, sam } from "./sam.ts";
export { type AdamOptions, scaleByAdam, scaleByRadam, scaleByStableAdamw } from "./scale-by-adam.ts";
export {
  type AdahessianOptions,
  adahessian,
  type SophiaOptions,
  scaleByAdahessian,
  scaleBySophia,
  sophia,
} from "./second-order.ts";
export { type ShampooOptions, scaleByShampoo, shampoo } from "./shampoo.ts";
export { disposeState, type StateLayout, stateFromTensors, stateLayout, stateTensors } from "./state.ts";
export {
  type StudyOptimizerName,
  type StudyOptimizerOptions,
  studyLearningRate,
  studyOptimizer,
  studyOptimizerNames,
} from "./study.ts";
export { toOptimizer } from "./to-optimizer.ts";
export {
  clipByBlockRms,
  type LocalRateOptions,
  scaleByLocalRate,
  scaleByParamRms,
  scaleByTrustRatio,
} from "./trust-ratio.ts";
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
