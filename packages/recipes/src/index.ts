export { checkRecipe } from "./check-recipe.ts";
export { type Compute, startCompute } from "./compute.ts";
export { type Difference, differences } from "./difference.ts";
export { type ExportFormat, exportModel } from "./export-model.ts";
export { fillMask, type Guess } from "./fill-mask.ts";
export { findRecipe } from "./find-recipe.ts";
export { type GlueScores, type GlueSpec, readScores, runGlue, scoreRows } from "./glue.ts";
export { applySettings } from "./overrides.ts";
export { type Prepared, prepare } from "./prepare.ts";
export { Interrupted, type RunContext, type StageProgress } from "./progress.ts";
export { publishedCompute, publishedLosses } from "./published.ts";
export { parseRecipe, type Recipe } from "./recipe.ts";
export { type RecipeName, recipes } from "./recipes.ts";
export { evaluateRecipe, pretrainRecipe, type RunOptions, runRecipe } from "./run.ts";
export {
  type MaskedScore,
  type MaskedScores,
  type RunRecord,
  type RunSummary,
  readRun,
  runFiles,
} from "./run-record.ts";
export { loadModel, type SavedModel, saveModel } from "./saved-model.ts";
export { type FixtureErrors, tolerances, type Verification, verifyFixture } from "./verify.ts";
