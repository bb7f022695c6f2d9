import { dirname, join } from "node:path";
import { readRun, runRecipe } from "@cramkit/recipes";
import { Command } from "commander";
import { writeReport } from "../report/write-report.ts";
import { session } from "../terminal/session.ts";

interface ResumeOptions {
  readonly data?: string;
  readonly allowSoftware?: boolean;
}

export const resumeCommand = (): Command =>
  new Command("resume")
    .description("go on with a run that was stopped, killed or cut off")
    .argument("<run>", "the run's folder")
    .option("--data <folder>", "where its prepared rows are now, if they have been moved")
    .option("--allow-software", "accept a WebGPU adapter that is a CPU: right, but slow")
    .action(async (folder: string, { data, allowSoftware }: ResumeOptions) => {
      const { recipe, dataFolder = join(dirname(folder), "prepared") } = await readRun(folder);
      await session((context) => runRecipe(recipe, { folder, dataFolder: data ?? dataFolder, allowSoftware }, context));
      await writeReport(folder);
    });
