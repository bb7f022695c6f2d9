import { dirname, join } from "node:path";
import { readRun, runRecipe, teamOf } from "@cramkit/recipes";
import { Command, Option } from "commander";
import { preparedDataOf } from "../options/recipe-options.ts";
import { writeReport } from "../report/write-report.ts";
import { tell } from "../terminal/output.ts";
import { onRanks } from "../terminal/ranks.ts";
import { session } from "../terminal/session.ts";
import { nextSteps } from "./next-steps.ts";

interface ResumeOptions {
  readonly set?: string[];
  readonly data?: string;
  readonly allowSoftware?: boolean;
  readonly fresh?: true;
  readonly reuse?: true;
}

const collect = (value: string, all: string[] = []): string[] => [...all, value];

export const resumeCommand = (): Command =>
  new Command("resume")
    .description("continue a run that was stopped or killed")
    .argument("<run>", "folder of the run")
    .option(
      "--set <key=value>",
      "change a setting that touches nothing computed so far, for example training.budget=2 hours (repeatable)",
      collect,
    )
    .option("--data <folder>", "folder of its prepared data, if that was moved")
    .option("--allow-software", "accept a software WebGPU adapter (correct but slow)")
    .addOption(new Option("--fresh", "prepare its text again, if prepared files are damaged").conflicts("reuse"))
    .addOption(new Option("--reuse", "continue with the prepared rows even if their text has changed since"))
    .action((folder: string, { set, data, allowSoftware, ...prepared }: ResumeOptions) =>
      onRanks(async (ranks) => {
        const team = teamOf({ ranks });
        const { recipe, dataFolder = join(dirname(folder), "prepared") } = await team.lead(async () => {
          const { recipe, dataFolder } = await readRun(folder);
          return { recipe, dataFolder };
        });
        const options = { folder, dataFolder: data ?? dataFolder, allowSoftware, set };
        await session(
          (context) => runRecipe(recipe, options, { ...context, preparedData: preparedDataOf(prepared) }),
          undefined,
          ranks,
        );
        await team.lead(async () => {
          await writeReport(folder);
          tell(await nextSteps(folder));
        });
      }),
    );
