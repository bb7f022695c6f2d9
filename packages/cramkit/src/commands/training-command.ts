import { type Recipe, type RunContext, type RunOptions, teamOf } from "@cramkit/recipes";
import type { Command } from "commander";
import { preparedDataOf, type RecipeOptions, resolveRecipe, withRecipe } from "../options/recipe-options.ts";
import { writeReport } from "../report/write-report.ts";
import { tell } from "../terminal/output.ts";
import { onRanks } from "../terminal/ranks.ts";
import { session } from "../terminal/session.ts";
import { shellWord } from "../terminal/shell-word.ts";
import { nextSteps } from "./next-steps.ts";
import { showSchedule } from "./show-schedule.ts";

interface TrainingOptions extends RecipeOptions {
  readonly allowSoftware?: boolean;
}

/** Makes a command that trains by a recipe: `work` does it, a report follows, and `after` says what can be done next. */
export const trainingCommand = (
  command: Command,
  work: (recipe: Recipe, options: RunOptions, context: RunContext) => Promise<void>,
  after: (folder: string) => string | Promise<string> = nextSteps,
): Command =>
  withRecipe(command)
    .option("--allow-software", "accept a software WebGPU adapter (correct but slow)")
    .action((name: string, options: TrainingOptions) =>
      onRanks(async (ranks) => {
        const { allowSoftware } = options;
        const { recipe, folder, dataFolder } = await teamOf({ ranks }).together(() => resolveRecipe(name, options));
        await session(
          async (context) => {
            context.say(`${recipe.name}: ${recipe.description}\n${showSchedule(recipe)}`);
            context.say(`once it trains, \`cramkit watch ${shellWord(folder)}\` shows it in a browser`);
            await work(
              recipe,
              { folder, dataFolder, allowSoftware },
              { ...context, preparedData: preparedDataOf(options) },
            );
          },
          undefined,
          ranks,
        );
        await teamOf({ ranks }).lead(async () => {
          await writeReport(folder);
          tell(await after(folder));
        });
      }),
    );
