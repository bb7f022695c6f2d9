export { type ClassScore, type ClassScores, classScores } from "./classes/class-scores.ts";
export { type ConfusionMatrix, confusionMatrix } from "./classes/confusion-matrix.ts";
export { type LabelScores, labelScores } from "./classes/label-scores.ts";
export { type Entity, entitiesOf } from "./entities/entities-of.ts";
export { type EntityScores, entityScores } from "./entities/entity-scores.ts";
export {
  type Calibration,
  type CalibrationBin,
  type CalibrationOptions,
  calibration,
} from "./probabilities/calibration.ts";
export { meanReciprocalRank, type Rank, rankOf, recallAt } from "./ranking/retrieval.ts";
export { rocAuc, rocAucOfClasses } from "./ranking/roc-auc.ts";
export { createMetric, type MetricName, metricNames } from "./streaming/create-metric.ts";
export type { Metric } from "./streaming/metric.ts";
