import { parameterCount } from "@cramkit/model";
import { budgetLimits } from "../recipe/budget.ts";
import { flopsPerToken } from "../recipe/flops.ts";
import { modelOf } from "../recipe/model-of.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { vocabularySize } from "../recipe/tokenizer-options.ts";
import { trainedLength } from "../recipe/trained-length.ts";
import { matrixSpeed } from "./matrix-speed.ts";

/** A step that takes less is not worth a warning. */
const slowStepSeconds = 60;

/**
 * A warning if a recipe asked for the best backend, got the CPU, and is too large for it, by the speed of a matrix
 * product on the current backend; undefined otherwise. A recipe that names the CPU knows what it does.
 */
export const slowTrainingWarning = async (recipe: Recipe, backend: string): Promise<string | undefined> => {
  if (recipe.backend.name !== "auto" || backend !== "cpu") return undefined;
  const config = modelOf(recipe, vocabularySize(recipe.tokenizer));
  const { batchSize, budget } = recipe.training;
  const perToken = flopsPerToken(config, recipe);
  const speed = await matrixSpeed();
  const stepSeconds = (perToken * batchSize * trainedLength(recipe)) / speed;
  if (stepSeconds < slowStepSeconds) return undefined;
  const { hours } = budgetLimits(budget);
  const tokens =
    hours === undefined ? "" : `, and ${budget} see ${millions((hours * 3600 * speed) / perToken)} tokens or fewer`;
  return [
    `warning: no GPU was found; the CPU trains small models, and this one has ${millions(parameterCount(config))} parameters.`,
    `  By the speed of a matrix product here, ${Math.round(speed / 1e9)} GFLOP/s, a step of ${batchSize.toLocaleString("en-US")} rows takes ${duration(stepSeconds)} or longer${tokens}.`,
    "  To get a GPU: `cramkit doctor`. To train on a CPU: `cramkit run quickstart`, or a smaller model, as with `cramkit run RECIPE --set model.layers=2`.",
  ].join("\n");
};

const millions = (count: number): string => `${(count / 1e6).toFixed(1)} M`;

const duration = (seconds: number): string =>
  seconds < 5400 ? `${Math.round(seconds / 60)} minutes` : `${(seconds / 3600).toFixed(1)} hours`;
