import { access } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "@cramkit/errors";
import type { ModelConfig } from "@cramkit/model";
import type { Tokenizer } from "@cramkit/tokenizer";
import { readModel } from "../model/saved-model.ts";
import { findModel, type ModelPlace } from "../open/find-model.ts";
import { modelOfRun, tokenizerFileOfRun } from "../open/open-model.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { recipeModel } from "../recipe/schema/model-schema.ts";
import { applySettings } from "../recipe/settings.ts";

/** What a run goes on from, without its weights. */
export interface Origin {
  readonly place: ModelPlace;
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
  /** The file that the tokenizer came from. */
  readonly tokenizerFile: string;
}

/** Reads what is at a path of `training.from`. Wants no backend. */
export const readOrigin = async (path: string): Promise<Origin> => {
  const place = await findModel(path);
  if (place.kind === "checkpoint") {
    const model = await modelOfRun(place.run!);
    return { place, ...model, tokenizerFile: await tokenizerFileOfRun(place.run!) };
  }
  const { config, tokenizer } = await withAnyHead((options) => readModel(place.folder, options));
  const json = join(place.folder, "tokenizer.json");
  const isJson = await access(json).then(
    () => true,
    () => false,
  );
  return { place, config, tokenizer, tokenizerFile: isJson ? json : join(place.folder, "vocab.txt") };
};

/** Reads a model with its head if that is one of ours, else its encoder. */
export const withAnyHead = async <T>(read: (options: { encoderOnly?: boolean }) => Promise<T>): Promise<T> => {
  try {
    return await read({});
  } catch (error) {
    if (!hasCode(error, "invalid-argument")) throw error;
    return read({ encoderOnly: true });
  }
};

/** A recipe with the model and the tokenizer that its `training.from` brings, in place of its own. */
export const withOrigin = async (recipe: Recipe): Promise<Recipe> => {
  if (recipe.training.from === null) return recipe;
  const { config, tokenizer, tokenizerFile } = await readOrigin(recipe.training.from);
  return {
    ...recipe,
    model: { ...recipeModel(config), head: { type: "masked-language-model" } },
    tokenizer: { ...recipe.tokenizer, from: tokenizerFile, vocabSize: tokenizer.idLimit },
  };
};

/**
 * Applies settings as `applySettings` does. `training.from` comes before all others and brings model and tokenizer with it,
 * so that others may change what they may.
 *
 * @throws RangeError naming the setting, and the errors of a folder that holds no model
 */
export const applySettingsFrom = async (recipe: Recipe, settings: readonly string[]): Promise<Recipe> => {
  const from = settings.filter((setting) => setting.startsWith("training.from="));
  if (from.length === 0) return applySettings(recipe, settings);
  return applySettings(await withOrigin(applySettings(recipe, from)), settings);
};
