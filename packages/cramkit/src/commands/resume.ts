import { dirname, join } from "node:path";
import { readRun, runRecipe } from "@cramkit/recipes";
import { Command } from "commander";
import { session } from "../session.ts";
import { writeReport } from "../write-report.ts";

export const resumeCommand = (): Command =>
  new Command("resume")
    .description("go on with a run that was stopped, killed or cut off")
    .argument("<run>", "the run's folder")
    .option("--data <folder>", "where its prepared rows are; default: prepared, beside the run's folder")
    .action(async (folder: string, { data }: { data?: string }) => {
      const { recipe } = await readRun(folder);
      const dataFolder = data ?? join(dirname(folder), "prepared");
      await session((context) => runRecipe(recipe, { folder, dataFolder }, context));
      await writeReport(folder);
    });
