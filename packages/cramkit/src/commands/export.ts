import { fault } from "@cramkit/errors";
import { checkWritable } from "@cramkit/files";
import {
  type CheckpointChoice,
  type ExportFormat,
  type ExportPrecision,
  type ExportTask,
  exportFormats,
  exportModel,
  exportPrecisions,
  exportTasks,
  openModel,
  runFacts,
  startCompute,
} from "@cramkit/recipes";
import { Command, Option } from "commander";
import { checkpointOption } from "../options/checkpoint-option.ts";
import { tell } from "../terminal/output.ts";
import { createProgressDisplay } from "../terminal/progress.ts";

interface Options {
  readonly to: ExportFormat;
  readonly out: string;
  readonly task?: ExportTask;
  readonly dtype: ExportPrecision[];
  readonly checkpoint?: CheckpointChoice;
}

export const exportCommand = (): Command =>
  new Command("export")
    .description("export a model for transformers.js and onnxruntime, or for transformers in Python")
    .argument("<model>", "folder of a run, of one of its checkpoints, of a finetuning, or of a model")
    .addOption(new Option("--to <format>", "format to write").choices(exportFormats).makeOptionMandatory())
    .requiredOption("--out <folder>", "folder to write; exports of one model may share it")
    .addOption(new Option("--task <name>", "what it is for (default: what its head is for)").choices(exportTasks))
    .addOption(
      new Option("--dtype <names...>", "files of ONNX to write: floats, half their size, or integers")
        .choices(exportPrecisions)
        .default(["fp32", "q8"], "fp32 and q8, the defaults of transformers.js in Node and in a browser"),
    )
    .option(...checkpointOption)
    .action(async (path: string, { to, out, task, dtype, checkpoint }: Options, self: Command) => {
      if (to === "hf" && self.getOptionValueSource("dtype") === "cli")
        throw fault({
          code: "invalid-input",
          place: "--dtype",
          problem: "expected it with --to onnx, got --to hf, whose weights stay as they are",
          remedy: "leave it out",
          type: RangeError,
        });
      await checkWritable(out); // not after the model is loaded
      const compute = await startCompute({ name: "cpu", precision: "float32", threads: 1 });
      const command = ["cramkit", "export", path, "--to", to, ...(task ? ["--task", task] : []), "--out", out];
      if (checkpoint !== undefined) command.push("--checkpoint", `${checkpoint}`);
      if (to === "onnx") command.push("--dtype", ...dtype);
      const model = await openModel(path, { checkpoint });
      await exportModel(model, to, out, {
        task,
        ...(to === "onnx" && { precisions: dtype }),
        command: command.map(quoted).join(" "),
        facts: await runFacts(model.place.run, warn),
      });
      compute.dispose();
      tell(out);
    });

const warn = (line: string): void => createProgressDisplay().say(line);

const quoted = (word: string): string => (/^[\w./:@-]+$/.test(word) ? word : JSON.stringify(word));
