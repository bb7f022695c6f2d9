import { join } from "node:path";
import {
  applySettingsFrom,
  checkRecipe,
  findRecipe,
  parseRecipe,
  type Recipe,
  type RunContext,
} from "@cramkit/recipes";
import { type Command, Option } from "commander";
import { runName, type TextOptions, withReading, withText } from "./text-options.ts";

/** Options of every command that takes a recipe. */
export interface RecipeOptions extends TextOptions {
  /**
   * Value of `--backend`.
   *
   * @defaultValue the recipe's
   */
  readonly backend?: Recipe["backend"]["name"];
  /**
   * Value of `--budget`.
   *
   * @defaultValue the recipe's
   */
  readonly budget?: string;
  /**
   * Values of `--set`, in their order.
   *
   * @defaultValue none
   */
  readonly set?: string[];
  /**
   * Value of `--dir`.
   *
   * @defaultValue `runs/RECIPE`
   */
  readonly dir?: string;
  /**
   * Value of `--data`.
   *
   * @defaultValue `runs/prepared`
   */
  readonly data?: string;
  /**
   * Whether `--fresh` was given.
   *
   * @defaultValue text that is prepared is used
   */
  readonly fresh?: true;
  /**
   * Whether `--reuse` was given.
   *
   * @defaultValue rows are prepared again if their text has changed
   */
  readonly reuse?: true;
}

/** Adds the argument and the options that name a recipe, its settings and its folders. */
export const withRecipe = (command: Command): Command =>
  withReading(
    command
      .argument("<recipe>", "name of a recipe (`cramkit recipes` lists them), or a .json, .js or .ts file")
      .option(
        "--text <path>",
        "train on this text: a file or folder of .txt, .jsonl, .json, .csv, .tsv or .parquet (also .gz, .zst), or hf://datasets/OWNER/NAME (repeatable)",
        collect,
      )
      .addOption(
        new Option("--backend <name>", "backend to compute on").choices([
          "auto",
          "cpu",
          "webgpu",
          "cuda",
          "tensorflow",
        ]),
      )
      .option("--budget <amount>", 'how long to train, such as "2 hours", "2000 steps" or "1e6 tokens"')
      .option("--set <key=value>", "change a setting, for example training.batchSize=512 (repeatable)", collect)
      .option("--dir <folder>", "folder of the run (default: runs/RECIPE)")
      .option("--data <folder>", "folder of prepared data, shared by runs (default: runs/prepared)")
      .addOption(new Option("--fresh", "prepare the text again even if it is prepared").conflicts("reuse"))
      .addOption(new Option("--reuse", "use the prepared rows even if their text has changed since")),
  );

/** What `--fresh` and `--reuse` say of prepared data. */
export const preparedDataOf = ({ fresh, reuse }: Pick<RecipeOptions, "fresh" | "reuse">): RunContext["preparedData"] =>
  fresh ? "fresh" : reuse ? "reuse" : undefined;

const collect = (value: string, all: string[] = []): string[] => [...all, value];

/** The recipe with the backend and the budget that the options name. */
const withBudget = (recipe: Recipe, { backend, budget }: RecipeOptions): Recipe => {
  const chosen = { ...recipe, backend: { ...recipe.backend, name: backend ?? recipe.backend.name } };
  if (budget === undefined) return chosen;
  return parseRecipe({ ...chosen, training: { ...chosen.training, budget } }, "--budget");
};

/** The recipe with its settings, and where the run and its data live. */
export const resolveRecipe = async (
  name: string,
  options: RecipeOptions,
): Promise<{ recipe: Recipe; folder: string; dataFolder: string }> => {
  const { set = [], dir, data } = options;
  const recipe = await applySettingsFrom(withBudget(withText(await findRecipe(name), options), options), set);
  checkRecipe(recipe); // before anything is shown of what it would do
  const folder = dir ?? join("runs", runName(recipe, options));
  return { recipe, folder, dataFolder: data ?? join("runs", "prepared") };
};
