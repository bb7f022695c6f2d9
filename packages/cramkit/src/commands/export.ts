import { type ExportFormat, exportModel, loadModel, runFiles, startCompute } from "@cramkit/recipes";
import { Command, Option } from "commander";
import { tell } from "../terminal/output.ts";

export const exportCommand = (): Command =>
  new Command("export")
    .description("write a run's model for transformers (a model of BERT's shape) or as ONNX (any model)")
    .argument("<run>", "a run's folder")
    .addOption(new Option("--to <format>").choices(["hf", "onnx"]).makeOptionMandatory())
    .requiredOption("--out <folder>", "where to write it")
    .action(async (run: string, { to, out }: { to: ExportFormat; out: string }) => {
      const compute = await startCompute({ name: "cpu", precision: "float32", threads: 1 });
      await exportModel(await loadModel(runFiles(run).model), to, out);
      compute.dispose();
      tell(out);
    });
