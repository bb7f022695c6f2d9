import { runRecipe } from "@cramkit/recipes";
import { Command } from "commander";
import { type RecipeOptions, resolveRecipe, withRecipe } from "../recipe-options.ts";
import { session } from "../session.ts";
import { showSchedule } from "../show-schedule.ts";
import { writeReport } from "../write-report.ts";

export const runCommand = (): Command =>
  withRecipe(new Command("run").description("prepare, pretrain, evaluate and report: the whole of a recipe")).action(
    async (name: string, options: RecipeOptions) => {
      const { recipe, folder, dataFolder } = await resolveRecipe(name, options);
      await session(async (context) => {
        context.say(`${recipe.name}: ${recipe.description}\n${showSchedule(recipe)}`);
        await runRecipe(recipe, { folder, dataFolder }, context);
      });
      await writeReport(folder);
    },
  );
