import { join } from "node:path";
import { applySettings, checkRecipe, findRecipe, type Recipe } from "@cramkit/recipes";
import type { Command } from "commander";

/** Options of every command that takes a recipe. */
export interface RecipeOptions {
  readonly set?: string[];
  readonly dir?: string;
  readonly data?: string;
}

/** Adds the argument and the options that name a recipe, its settings and its folders. */
export const withRecipe = (command: Command): Command =>
  command
    .argument("<recipe>", "name of a recipe (see `cramkit recipes`), or a .json, .js or .ts file")
    .option("--set <key=value>", "change a setting, as in --set training.batchSize=512; again for another", collect)
    .option("--dir <folder>", "the run's folder; default runs/RECIPE")
    .option("--data <folder>", "where prepared rows are kept and found again; default runs/prepared");

const collect = (value: string, all: string[] = []): string[] => [...all, value];

/** The recipe with its settings, and where the run and its data live. */
export const resolveRecipe = async (
  name: string,
  { set = [], dir, data }: RecipeOptions,
): Promise<{ recipe: Recipe; folder: string; dataFolder: string }> => {
  const recipe = applySettings(await findRecipe(name), set);
  checkRecipe(recipe); // before anything is shown of what it would do
  return { recipe, folder: dir ?? join("runs", recipe.name), dataFolder: data ?? join("runs", "prepared") };
};
