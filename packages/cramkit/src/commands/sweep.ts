import { findSweep, planSweep, runSweep, type Sweep, surveySweep } from "@cramkit/recipes";
import { Command } from "commander";
import {
  dataOf,
  finetuned,
  partOf,
  planOptionsOf,
  type SweepCommandOptions,
  withSweep,
} from "../options/sweep-options.ts";
import { writeSweepReport } from "../report/sweep/write-sweep-report.ts";
import { print, tell } from "../terminal/output.ts";
import { session } from "../terminal/session.ts";
import { showPlan } from "./show-plan.ts";

export const sweepCommand = (): Command =>
  withSweep(
    new Command("sweep")
      .description("run variants of a recipe, values of its settings and several seeds, and report them together")
      .argument("<file>", "a .json, .js or .ts file that holds a sweep"),
  ).action(async (file: string, options: SweepCommandOptions) => doSweep(await findSweep(file), options, file));

/** Shows the plan, does this process's part of it, and reports. A run that failed makes the exit code 1. */
export const doSweep = async (asked: Sweep, options: SweepCommandOptions, file?: string): Promise<void> => {
  const sweep = finetuned(asked, options);
  const plan = await planSweep(sweep, { ...planOptionsOf(sweep.name, options), seeds: options.seeds, file });
  const part = partOf(options);
  if (options.plan) {
    print(showPlan(plan, await surveySweep(plan, part)));
    if (plan.runs.some(({ problem }) => problem !== undefined)) process.exitCode = 1;
    return;
  }
  const failed: string[] = [];
  let total = 0;
  await session(async (context) => {
    context.say(showPlan(plan, await surveySweep(plan, part)));
    const results = await runSweep(plan, part, { ...context, preparedData: dataOf(options) });
    total = results.length;
    for (const { variant, seed, status, error } of results)
      if (status === "failed") failed.push(`  ${variant}, seed ${seed}: ${error?.message}`);
  }, "finishing the step of this run and saving");
  tell(await writeSweepReport(plan.folder));
  if (failed.length === 0) return;
  process.exitCode = 1;
  tell(`${failed.length} of ${total} runs failed; the same command tries them again:\n${failed.join("\n")}`);
};
