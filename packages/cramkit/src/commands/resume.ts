import { dirname, join } from "node:path";
import { readRun, runRecipe } from "@cramkit/recipes";
import { Command } from "commander";
import { writeReport } from "../report/write-report.ts";
import { session } from "../terminal/session.ts";

interface ResumeOptions {
  readonly data?: string;
  readonly allowSoftware?: boolean;
  readonly reuse?: true;
}

export const resumeCommand = (): Command =>
  new Command("resume")
    .description("go on with a run that was stopped, killed or cut off")
    .argument("<run>", "the run's folder")
    .option("--data <folder>", "where its prepared rows are now, if they have been moved")
    .option("--allow-software", "accept a WebGPU adapter that is a CPU: right, but slow")
    .option("--reuse", "go on with the prepared rows even if their text has changed since")
    .action(async (folder: string, { data, allowSoftware, reuse }: ResumeOptions) => {
      const { recipe, dataFolder = join(dirname(folder), "prepared") } = await readRun(folder);
      const options = { folder, dataFolder: data ?? dataFolder, allowSoftware };
      await session((context) => runRecipe(recipe, options, { ...context, preparedData: reuse && "reuse" }));
      await writeReport(folder);
    });
