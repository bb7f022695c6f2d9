import { join } from "node:path";
import { fillMask, loadModel, runFiles, startCompute } from "@cramkit/recipes";
import { Command } from "commander";
import { type BackendOptions, backendOf, withBackend } from "../options/backend-options.ts";
import { count } from "../options/whole-number.ts";
import { print } from "../terminal/output.ts";

export const fillMaskCommand = (): Command =>
  withBackend(
    new Command("fill-mask")
      .description("guess the [MASK]s of a text")
      .argument("<text>", 'as in "Paris is the [MASK] of France."')
      .option("--run <folder>", "a run's folder", join("runs", "quickstart"))
      .option("--top <count>", "guesses for each mask", count, 5),
  ).action(async (text: string, options: BackendOptions & { run: string; top: number }) => {
    const compute = await startCompute(backendOf(options), options);
    const model = await loadModel(runFiles(options.run).model);
    for (const guesses of await fillMask(model, text, options.top)) {
      for (const { token, probability, text } of guesses)
        print(`${(100 * probability).toFixed(1).padStart(5)} %  ${token.padEnd(14)}  ${text}`);
      print("");
    }
    await compute.dispose();
  });
