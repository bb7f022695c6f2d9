import { join } from "node:path";
import { type CheckpointChoice, fillMask, openModel, startCompute } from "@cramkit/recipes";
import { Command } from "commander";
import { type BackendOptions, backendOf, withBackend } from "../options/backend-options.ts";
import { checkpointOption } from "../options/checkpoint-option.ts";
import { wholeNumber } from "../options/whole-number.ts";
import { print } from "../terminal/output.ts";

export const fillMaskCommand = (): Command =>
  withBackend(
    new Command("fill-mask")
      .description("predict the [MASK]s in a text")
      .argument("<text>", 'for example "Paris is the [MASK] of France."')
      .option("--run <folder>", "folder of a run, of one of its checkpoints, or of a model", join("runs", "quickstart"))
      .option(...checkpointOption)
      .option("--top <count>", "guesses per mask", wholeNumber(1, 1e6), 5),
  ).action(
    async (text: string, options: BackendOptions & { run: string; top: number; checkpoint?: CheckpointChoice }) => {
      const compute = await startCompute(backendOf(options), options);
      const model = await openModel(options.run, { checkpoint: options.checkpoint });
      for (const guesses of await fillMask(model, text, options.top)) {
        for (const { token, probability, text } of guesses)
          print(`${(100 * probability).toFixed(1).padStart(5)} %  ${token.padEnd(14)}  ${text}`);
        print("");
      }
      await compute.dispose();
    },
  );
