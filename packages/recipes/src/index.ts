export { findRecipe } from "./catalogue/find-recipe.ts";
export { type RecipeName, recipes } from "./catalogue/recipes.ts";
export {
  type ComposedLog,
  type ComposedLogOptions,
  type ComposedRun,
  openComposedLog,
  type ReportedRun,
  type RunDescription,
  readReportedRun,
} from "./composed/composed-run.ts";
export { trainStateFormat } from "./composed/train-state-format.ts";
export { type Compute, startCompute } from "./compute.ts";
export {
  type ApproximateIndex,
  type ApproximateIndexOptions,
  openApproximateIndex,
} from "./embeddings/approximate-index.ts";
export { type OpenedEmbeddingModel, openEmbeddingModel } from "./embeddings/open-embedding-model.ts";
export { type FoundRow, openVectors, type VectorFile } from "./embeddings/open-vectors.ts";
export { requireSameModel } from "./embeddings/require-same-model.ts";
export type { VectorOrigin, VectorRow } from "./embeddings/vector-file.ts";
export { type VectorOfRow, writeVectorFile } from "./embeddings/write-vector-file.ts";
export { type WriteVectorsOptions, type WrittenVectors, writeVectors } from "./embeddings/write-vectors.ts";
export { type EvaluateTextOptions, evaluateText, type TextScore } from "./evaluate/evaluate-text.ts";
export { type GlueScores, type GlueSpec, readScores, runGlue, scoreRows } from "./evaluate/glue.ts";
export { publishedCompute, publishedLosses } from "./evaluate/published.ts";
export { type TrainingSetup, trainingSetups } from "./evaluate/training-setups.ts";
export { type ExportFormat, type ExportOptions, exportFormats, exportModel } from "./export/export-model.ts";
export { type ExportTask, exportTasks } from "./export/export-task.ts";
export { type ExportPrecision, exportPrecisions } from "./export/onnx-files.ts";
export { runFacts } from "./export/run-facts.ts";
export {
  type FinetuneRecord,
  type FinetuneRequest,
  type FinetuneResult,
  finetuneFiles,
  readFinetuning,
} from "./finetune/folder.ts";
export { type PredictionFormat, type PredictionLinesOptions, predictionLines } from "./finetune/predict-rows.ts";
export { runFinetune } from "./finetune/run-finetune.ts";
export type { FinetuneSpec } from "./finetune/spec.ts";
export { loadTaskModel, saveTaskModel } from "./finetune/task-model.ts";
export { fillMask, type Guess } from "./model/fill-mask.ts";
export { loadModel, type SavedModel, type SaveModelOptions, saveModel } from "./model/saved-model.ts";
export { type FixtureErrors, tolerances, type Verification, verifyFixture } from "./model/verify.ts";
export {
  type CheckpointChoice,
  checkpointChoice,
  type FindModelOptions,
  findModel,
  type ModelPlace,
  placeDigest,
} from "./open/find-model.ts";
export { type OpenedModel, type OpenModelOptions, openModel } from "./open/open-model.ts";
export { applySettingsFrom, withOrigin } from "./origin/origin.ts";
export { type HubWaits, hubWaits } from "./prepare/hub-waits.ts";
export { plainTexts } from "./prepare/plain-texts.ts";
export { type Prepared, prepare } from "./prepare/prepare.ts";
export { prepareTask, type TaskOptions, type TaskOutcome } from "./prepare/tasks/prepare-task.ts";
export { Interrupted, type RunContext, type StageProgress, stopPoint } from "./progress.ts";
export { checkRecipe } from "./recipe/check-recipe.ts";
export { defineRecipe, type RecipeFile } from "./recipe/define-recipe.ts";
export { type Difference, differences } from "./recipe/difference.ts";
export { explainSetting, listedSettings } from "./recipe/explain.ts";
export { parseRecipe, type Recipe } from "./recipe/recipe.ts";
export { applySettings } from "./recipe/settings.ts";
export { maskedExample } from "./run/masked-example.ts";
export { evaluateRecipe, pretrainRecipe, type RunOptions, runRecipe } from "./run/run.ts";
export {
  type MaskedScore,
  type MaskedScores,
  type RunChange,
  type RunOrigin,
  type RunRecord,
  type RunSummary,
  readRun,
  runFiles,
} from "./run-record.ts";
export type { StepRecorder } from "./step-recorder.ts";
export { type StudyName, studyNames, studySweep } from "./study/studies.ts";
export { comparisonKey, incomparable } from "./sweep/comparison.ts";
export { budgetTokens, type SweepEstimate } from "./sweep/estimate.ts";
export { findSweep } from "./sweep/find-sweep.ts";
export {
  readSweepResults,
  runsWithResults,
  type SweepRecord,
  type SweepResult,
  sweepFiles,
} from "./sweep/kept-results.ts";
export { type PlannedRun, type PlanOptions, planSweep, type SweepPlan } from "./sweep/plan.ts";
export { runSweep } from "./sweep/run-sweep.ts";
export { isGlueSetting, setGlue } from "./sweep/set-glue.ts";
export { type SweepOptions, type SweepOutlook, surveySweep } from "./sweep/survey.ts";
export { parseSweep, type Sweep, type SweepInput } from "./sweep/sweep.ts";
export { isOfAllRanks, type Team, teamOf } from "./team.ts";
export type { Differentiate, GradientStep } from "./train/gradient.ts";
export { type RecordedGradients, recordedGradients } from "./train/recorded-gradients.ts";
