import { join } from "node:path";
import { applySettings, checkRecipe, findRecipe, type Recipe, type RunContext } from "@cramkit/recipes";
import { type Command, Option } from "commander";

/** Options of every command that takes a recipe. */
export interface RecipeOptions {
  readonly set?: string[];
  readonly dir?: string;
  readonly data?: string;
  readonly fresh?: true;
  readonly reuse?: true;
}

/** Adds the argument and the options that name a recipe, its settings and its folders. */
export const withRecipe = (command: Command): Command =>
  command
    .argument("<recipe>", "name of a recipe (`cramkit recipes` lists them), or a .json, .js or .ts file")
    .option("--set <key=value>", "change a setting, for example training.batchSize=512 (repeatable)", collect)
    .option("--dir <folder>", "folder of the run (default: runs/RECIPE)")
    .option("--data <folder>", "folder of prepared data, shared by runs (default: runs/prepared)")
    .addOption(new Option("--fresh", "prepare the text again even if it is prepared").conflicts("reuse"))
    .addOption(new Option("--reuse", "use the prepared rows even if their text has changed since"));

/** What `--fresh` and `--reuse` say of prepared data. */
export const preparedDataOf = ({ fresh, reuse }: Pick<RecipeOptions, "fresh" | "reuse">): RunContext["preparedData"] =>
  fresh ? "fresh" : reuse ? "reuse" : undefined;

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
