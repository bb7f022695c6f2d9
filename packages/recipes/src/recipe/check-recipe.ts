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
 * @throws RangeError naming the setting; if there are several faults, all of them
 */
export const checkRecipe = (recipe: Recipe): void => {
  const faults: unknown[] = [];
  const check = <T>(work: () => T): T | undefined => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error; // a fault of ours
      faults.push(error);
      return undefined;
    }
  };
  const config = check(() => modelOf(recipe, vocabularySize(recipe.tokenizer)));
  if (config) {
    for (const names of namesOf(recipe)) check(() => checkParts(names, config));
    check(() => requireTrainable(recipe, config));
    check(() => checkSequences(recipe, config));
    check(() => checkCausal(recipe, config));
  }
  check(() => checkMasking(recipe));
  check(() => checkLastPhase(recipe));
  check(() => checkSchedule(recipe));
  check(() => checkLocalRate(recipe));
  check(() => checkGradInit(recipe));
  check(() => checkBatch(recipe));
  check(() => checkProgressiveBatch(recipe));
  const { microbatchSize, batchSize } = recipe.training;
  const isFitting = microbatchSize !== "auto" && microbatchSize <= batchSize;
  // Checks what it is made of.
  check(() => trainingOptimizer(recipe, isFitting ? microbatchSize : 1, undefined));
  check(() => checkHorizon(recipe));
  if (faults.length === 1) throw faults[0];
  if (faults.length > 1) throw severalFaults(faults);
};

const severalFaults = (faults: readonly unknown[]): Error => {
  const lines = [...new Set(faults.map((error) => `  ${error instanceof Error ? error.message : String(error)}`))];
  return fault({
    code: "invalid-input",
    place: "recipe",
    problem: `expected settings that go together, got ${lines.length} faults:\n${lines.join("\n")}`,
    type: RangeError,
  });
};

const refuse = (place: string, problem: string, remedy?: string): never => {
  throw fault({ code: "invalid-input", place, problem, ...(remedy && { remedy }), type: RangeError });
};

const checkSequences = (recipe: Recipe, config: ModelConfig): void => {
  if (sequenceCurriculumOf(recipe) && config.funnel !== null)
    refuse("training.sequenceCurriculum", "expected null with model.funnel, which needs its own lengths");
};

const checkCausal = ({ training: { causalShare, loss } }: Recipe, config: ModelConfig): void => {
  if (causalShare === 0) return;
  const place = "training.causalShare";
  if (config.mixer !== "self-attention")
    refuse(place, "expected 0 with another model.mixer than self-attention, which sees all of a row");
  if (config.funnel !== null || loss.name === "script")
    refuse(place, "expected 0 with model.funnel and with training.loss.name=script, which see all of a row");
};

/** A last phase needs something that tells its documents from the others. */
const checkLastPhase = ({ corpus: { lastPhase, sources } }: Recipe): void => {
  if (lastPhase === null) return;
  const place = "corpus.lastPhase";
  if (lastPhase.sources === null && lastPhase.quality === null)
    refuse(
      place,
      "expected sources, or a quality that tells which documents are for it, got neither",
      "set one of them",
    );
  if ([...sources, ...(lastPhase.sources ?? [])].some(({ kind }) => kind === "ids"))
    refuse(place, "expected null with a source of kind ids, which is packed as it is");
};

const checkSchedule = ({ training: { schedule } }: Recipe): void => {
  const { warmup, cooldown } = schedule;
  if (warmup + cooldown > 1)
    refuse(
      "training.schedule",
      `expected a warmup and a cooldown within the budget, got shares of ${warmup} and ${cooldown}`,
    );
};

const checkLocalRate = ({ training: { localRate, optimizer, groups } }: Recipe): void => {
  const optimizers = [optimizer, ...groups.map((group) => group.optimizer)];
  const named = optimizers.find(({ name }) => name === "lars" || name === "larc");
  if (localRate !== null && named)
    refuse(
      "training.localRate",
      `expected null with training.optimizer.name=${named.name}, which has local rates of its own`,
    );
};

const checkGradInit = ({ training: { gradInit, from } }: Recipe): void => {
  if (gradInit !== null && from !== null)
    refuse("training.gradInit", "expected null with training.from, whose weights are trained already");
};

const checkBatch = ({ training: { batchSize, microbatchSize } }: Recipe): void => {
  if (microbatchSize !== "auto" && microbatchSize > batchSize)
    refuse("training.microbatchSize", `expected at most training.batchSize ${batchSize}, got ${microbatchSize}`);
};

const checkProgressiveBatch = ({ training: { progressiveBatch, batchRamp, averaging } }: Recipe): void => {
  if (progressiveBatch && (batchRamp > 0 || averaging))
    refuse(
      "training.progressiveBatch",
      "expected no batchRamp, which decides the batch too, and no averaging, which counts steps that are not known then",
      "set training.batchRamp=0 and training.averaging=null",
    );
};

type Names = readonly [setting: string, parts: readonly string[]];

/** The settings that name parameters. */
const namesOf = ({ training: { frozen, groups, optimizer } }: Recipe): Names[] => [
  ["training.frozen", frozen],
  ["training.optimizer.noDecay", optimizer.noDecay ?? []],
  ...groups.flatMap(({ params, optimizer }, index): Names[] => [
    [`training.groups.${index}.params`, params],
    [`training.groups.${index}.optimizer.noDecay`, optimizer.noDecay ?? []],
  ]),
];

/** Something must be left to train. */
const requireTrainable = ({ training: { frozen } }: Recipe, config: ModelConfig): void => {
  const still = frozen.map(wholeParts);
  if (parameterShapes(config).every(({ name }) => matchesName(name, still)))
    refuse("training.frozen", "expected a parameter that is left to train, got none");
};

/** Every name in a recipe must be that of a parameter. */
const checkParts = ([setting, parts]: Names, config: ModelConfig): void => {
  const names = parameterShapes(config).map(({ name }) => name);
  for (const part of parts) {
    const pattern = [wholeParts(part)];
    if (names.some((name) => matchesName(name, pattern))) continue;
    const known = [...new Set(names.flatMap((name) => name.split(".")))].filter((known) => !/^\d+$/.test(known));
    const near = part.includes(".") ? nearest(part, names) : nearest(part, known);
    refuse(
      setting,
      `expected whole parts of the names of parameters, got "${shortened(part)}", which is in none of ${names.length}`,
      `there is ${near.join(", ")}`,
    );
  }
};
