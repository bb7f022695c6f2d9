export type {
  AdamwAttrs,
  AdamwUpdate,
  Evaluate,
  EvaluateOptions,
  Gradients,
  GradientTransformation,
  MeasuredGradients,
  Optimizer,
  OptimizerKernels,
  OptimizerState,
  Progress,
  Rate,
  State,
  TensorMap,
  Updated,
  Updating,
} from "./contracts.ts";
export { type AdamwOptions, adamw } from "./optimizers/adamw.ts";
export { type Adamw8bitOptions, adamw8bit } from "./optimizers/adamw-8bit.ts";
export { frozen } from "./optimizers/frozen.ts";
export {
  type GradInitGradient,
  type GradInitOptions,
  type GradInitReport,
  gradInit,
  gradInitSteps,
  scaledBy,
} from "./optimizers/grad-init.ts";
export {
  type MuonOptions,
  muon,
  type NeuronOptions,
  normalizeNeurons,
  type OrthogonalizeMethod,
  type OrthogonalizeOptions,
  orthogonalize,
  orthogonalizeMethods,
} from "./optimizers/muon.ts";
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
export { type ParameterShapes, stepProducts } from "./optimizers/step-products.ts";
export {
  type StudyHyperparameters,
  type StudyOptimizerName,
  type StudyOptimizerOptions,
  studyHyperparameters,
  studyLearningRate,
  studyOptimizer,
  studyOptimizerNames,
} from "./optimizers/study.ts";
export {
  type AsyncOptimizerDefinition,
  defineOptimizer,
  type OptimizerDefinition,
  type UpdatedAs,
} from "./state/define-optimizer.ts";
export { matchesName, type Pattern, studyNoDecay, wholeParts } from "./state/patterns.ts";
export { disposeState, type StateLayout, stateFromTensors, stateLayout, stateTensors } from "./state/state.ts";
export { disposeGradients } from "./state/tensor-map.ts";
export { type FactoredRmsOptions, scaleByFactoredRms } from "./transforms/adafactor.ts";
export { scaleByAgd } from "./transforms/agd.ts";
export { chain } from "./transforms/chain.ts";
export {
  type AddDecayOptions,
  addDecayedWeights,
  type DecayOptions,
  scaleByLearningRate,
} from "./transforms/decay-and-rate.ts";
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
export { type AccumulateOptions, accumulate } from "./wrappers/accumulate.ts";
export { type AllReduceOptions, allReduce, type Ranks } from "./wrappers/all-reduce.ts";
export { type EmaOptions, ema, type LatestWeightOptions, lawa } from "./wrappers/averages.ts";
export { type ClipOptions, clip, clipByGlobalNorm } from "./wrappers/clip.ts";
export { type Group, groups } from "./wrappers/groups.ts";
export { localRates } from "./wrappers/local-rates.ts";
export { type LocalStepsOptions, localSteps } from "./wrappers/local-steps.ts";
export { type LossScalingOptions, lossScaling, type SkipOptions, skipNonFinite } from "./wrappers/loss-scaling.ts";
export { gradientNoiseScale, type NoiseScale, type NoiseScaleInput } from "./wrappers/noise-scale.ts";
export {
  batchRules,
  type ProgressiveBatchOptions,
  progressiveBatch,
} from "./wrappers/progressive-batch.ts";
export {
  averagedWeights,
  joinLocalSteps,
  lossScale,
  type Readings,
  readings,
  restartBatch,
  stepsApart,
} from "./wrappers/readings.ts";
export { type SamOptions, sam } from "./wrappers/sam.ts";
