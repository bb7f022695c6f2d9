import { differences, readReportedRun } from "@cramkit/recipes";
import { Command } from "commander";
import { print } from "../terminal/output.ts";

export const diffCommand = (): Command =>
  new Command("diff")
    .description("show how the recipes of two runs differ")
    .argument("<run>", "folder of a run")
    .argument("<other>", "folder of another run")
    .action(async (run: string, other: string) => {
      const [left, right] = [await readReportedRun(run), await readReportedRun(other)];
      const found = differences(left.recipe, right.recipe);
      for (const { path, left, right } of found) print(`${path}: ${JSON.stringify(left)} -> ${JSON.stringify(right)}`);
      if (found.length === 0) print("the recipes are the same");
    });
