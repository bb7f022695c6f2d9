import { fault } from "@cramkit/errors";
import { type ModelConfig, parameterShapes } from "@cramkit/model";
import { matchesName, wholeParts } from "@cramkit/optim";
import { checkHorizon } from "./horizon.ts";
import { checkMasking } from "./masking.ts";
import { modelOf } from "./model-of.ts";
import { nearest } from "./nearest.ts";
import { trainingOptimizer } from "./optimizer.ts";
import type { Recipe } from "./recipe.ts";
import { shortened } from "./shortened.ts";
import { vocabularySize } from "./tokenizer-options.ts";
import { sequenceCurriculumOf } from "./trained-length.ts";

/**
 * Refuses a recipe whose parts do not go together, before any text is read: what `parseRecipe` cannot see in one field.
 *
 * @throws RangeError naming the setting
 */
export const checkRecipe = (recipe: Recipe): void => {
  const config = modelOf(recipe, vocabularySize(recipe.tokenizer));
  checkMasking(recipe);
  checkNames(recipe, config);
  checkLastPhase(recipe);
  if (sequenceCurriculumOf(recipe) && config.funnel !== null)
    throw fault({
      code: "invalid-input",
      place: "training.sequenceCurriculum",
      problem: "expected null with model.funnel, which needs its own lengths",
      type: RangeError,
    });
  const { causalShare, loss } = recipe.training;
  if (causalShare > 0 && config.mixer !== "self-attention")
    throw fault({
      code: "invalid-input",
      place: "training.causalShare",
      problem: "expected 0 with another model.mixer than self-attention, which sees all of a row",
      type: RangeError,
    });
  if (causalShare > 0 && (config.funnel !== null || loss.name === "script"))
    throw fault({
      code: "invalid-input",
      place: "training.causalShare",
      problem: "expected 0 with model.funnel and with training.loss.name=script, which see all of a row",
      type: RangeError,
    });
  const { batchSize, microbatchSize, schedule, progressiveBatch, batchRamp, averaging } = recipe.training;
  const { localRate, optimizer, groups } = recipe.training;
  if (schedule.warmup + schedule.cooldown > 1)
    throw fault({
      code: "invalid-input",
      place: "training.schedule",
      problem: `expected a warmup and a cooldown within the budget, got shares of ${schedule.warmup} and ${schedule.cooldown}`,
      type: RangeError,
    });
  const named = [optimizer, ...groups.map((group) => group.optimizer)].find(
    ({ name }) => name === "lars" || name === "larc",
  );
  if (localRate !== null && named)
    throw fault({
      code: "invalid-input",
      place: "training.localRate",
      problem: `expected null with training.optimizer.name=${named.name}, which has local rates of its own`,
      type: RangeError,
    });
  if (microbatchSize !== "auto" && microbatchSize > batchSize)
    throw fault({
      code: "invalid-input",
      place: "training.microbatchSize",
      problem: `expected at most training.batchSize ${batchSize}, got ${microbatchSize}`,
      type: RangeError,
    });
  if (progressiveBatch && (batchRamp > 0 || averaging))
    throw fault({
      code: "invalid-input",
      place: "training.progressiveBatch",
      problem:
        "expected no batchRamp, which decides the batch too, and no averaging, which counts steps that are not known then",
      remedy: "set training.batchRamp=0 and training.averaging=null",
      type: RangeError,
    });
  trainingOptimizer(recipe, microbatchSize === "auto" ? 1 : microbatchSize, undefined); // checks what it is made of
  checkHorizon(recipe);
};

/** A last phase needs something that tells its documents from the others. */
const checkLastPhase = ({ corpus: { lastPhase, sources } }: Recipe): void => {
  if (lastPhase === null) return;
  const refuse = (problem: string, remedy?: string) => {
    throw fault({ code: "invalid-input", place: "corpus.lastPhase", problem, remedy, type: RangeError });
  };
  if (lastPhase.sources === null && lastPhase.quality === null)
    refuse("expected sources, or a quality that tells which documents are for it, got neither", "set one of them");
  if ([...sources, ...(lastPhase.sources ?? [])].some(({ kind }) => kind === "ids"))
    refuse("expected null with a source of kind ids, which is packed as it is");
};

/** Every name in a recipe must be that of a parameter, and something must be left to train. */
const checkNames = ({ training: { frozen, groups, optimizer } }: Recipe, config: ModelConfig): void => {
  const names = parameterShapes(config).map(({ name }) => name);
  checkParts("training.frozen", frozen, names);
  const still = frozen.map(wholeParts);
  if (names.every((name) => matchesName(name, still)))
    throw fault({
      code: "invalid-input",
      place: "training.frozen",
      problem: "expected a parameter that is left to train, got none",
      type: RangeError,
    });
  checkParts("training.optimizer.noDecay", optimizer.noDecay ?? [], names);
  for (const [index, group] of groups.entries()) {
    checkParts(`training.groups.${index}.params`, group.params, names);
    checkParts(`training.groups.${index}.optimizer.noDecay`, group.optimizer.noDecay ?? [], names);
  }
};

const checkParts = (setting: string, parts: readonly string[], names: readonly string[]): void => {
  for (const part of parts) {
    const pattern = [wholeParts(part)];
    if (names.some((name) => matchesName(name, pattern))) continue;
    const known = [...new Set(names.flatMap((name) => name.split(".")))].filter((known) => !/^\d+$/.test(known));
    const near = part.includes(".") ? nearest(part, names) : nearest(part, known);
    throw fault({
      code: "invalid-input",
      place: setting,
      problem: `expected whole parts of the names of parameters, got "${shortened(part)}", which is in none of ${names.length}`,
      remedy: `there is ${near.join(", ")}`,
      type: RangeError,
    });
  }
};
