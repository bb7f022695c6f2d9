import { type ModelConfig, parameterShapes } from "@cramkit/model";
import { parseBudget } from "./budget.ts";
import { flopsPerToken } from "./flops.ts";
import { checkMasking } from "./masking.ts";
import { modelOf } from "./model-of.ts";
import { nearest } from "./nearest.ts";
import { trainingOptimizer } from "./optimizer.ts";
import type { Recipe } from "./recipe.ts";
import { sequenceCurriculumOf } from "./trained-length.ts";

/**
 * Refuses a recipe whose parts do not go together, before any text is read: what `parseRecipe` cannot see in one field.
 *
 * @throws RangeError naming the setting
 */
export const checkRecipe = (recipe: Recipe): void => {
  const config = modelOf(recipe, recipe.tokenizer.vocabSize);
  checkMasking(recipe);
  checkFrozen(recipe, config);
  if (sequenceCurriculumOf(recipe) && config.funnel !== null)
    throw new RangeError("training.sequenceCurriculum: expected null with model.funnel, which needs its own lengths");
  const { budget, batchSize, microbatchSize, schedule, progressiveBatch, batchRamp, averaging } = recipe.training;
  if (schedule.warmup + schedule.cooldown > 1)
    throw new RangeError(
      `training.schedule: expected a warmup and a cooldown within the budget, got shares of ${schedule.warmup} and ${schedule.cooldown}`,
    );
  if (microbatchSize !== "auto" && microbatchSize > batchSize)
    throw new RangeError(
      `training.microbatchSize: expected at most training.batchSize ${batchSize}, got ${microbatchSize}`,
    );
  if (progressiveBatch && (batchRamp > 0 || averaging))
    throw new RangeError(
      "training.progressiveBatch: expected no batchRamp, which decides the batch too, and no averaging, which counts steps that are not known then; set training.batchRamp=0 and training.averaging=null",
    );
  trainingOptimizer(recipe, microbatchSize === "auto" ? 1 : microbatchSize, undefined); // checks what it is made of
  parseBudget(budget, flopsPerToken(config, recipe));
};

const checkFrozen = ({ training: { frozen } }: Recipe, config: ModelConfig): void => {
  const names = parameterShapes(config).map(({ name }) => name);
  for (const pattern of frozen) {
    if (names.some((name) => name.includes(pattern))) continue;
    const parts = [...new Set(names.flatMap((name) => name.split(".")))].filter((part) => !/^\d+$/.test(part));
    throw new RangeError(
      `training.frozen: expected parts of the names of parameters, got "${pattern}", which is in none of ${names.length}; there is ${nearest(pattern, parts).join(", ")}`,
    );
  }
  if (names.every((name) => frozen.some((pattern) => name.includes(pattern))))
    throw new RangeError("training.frozen: expected a parameter that is left to train, got none");
};
