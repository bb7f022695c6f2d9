import { type ExportFormat, exportModel, loadModel, runFiles, startCompute } from "@cramkit/recipes";
import { Command, Option } from "commander";
import { tell } from "../terminal/output.ts";

export const exportCommand = (): Command =>
  new Command("export")
    .description("export the model of a run for transformers (BERT-shaped models) or as ONNX (any model)")
    .argument("<run>", "folder of a run")
    .addOption(new Option("--to <format>", "format to write").choices(["hf", "onnx"]).makeOptionMandatory())
    .requiredOption("--out <folder>", "folder to write")
    .action(async (run: string, { to, out }: { to: ExportFormat; out: string }) => {
      const compute = await startCompute({ name: "cpu", precision: "float32", threads: 1 });
      await exportModel(await loadModel(runFiles(run).model), to, out);
      compute.dispose();
      tell(out);
    });
