import { cpus, totalmem } from "node:os";
import { startCompute } from "@cramkit/recipes";
import { Command } from "commander";

export const doctorCommand = (): Command =>
  new Command("doctor")
    .description("what this machine offers, what is missing and how to get it")
    .option("--json", "as one JSON object")
    .action(async ({ json }: { json?: boolean }) => {
      const backends = [];
      for (const name of ["webgpu", "tensorflow", "cpu"] as const) {
        try {
          const compute = await startCompute({ name, precision: "float32", threads: null });
          backends.push({ name, available: true, detail: compute.description });
          compute.dispose();
        } catch (error) {
          backends.push({ name, available: false, detail: (error as Error).message });
        }
      }
      const machine = {
        node: process.versions.node,
        platform: `${process.platform}-${process.arch}`,
        processor: cpus()[0]?.model.trim() ?? "unknown",
        cores: cpus().length,
        memoryGB: Math.round(totalmem() / 1e9),
      };
      if (json) return console.log(JSON.stringify({ machine, backends }, null, 2));
      console.log(
        `Node ${machine.node} on ${machine.platform}, ${machine.cores} x ${machine.processor}, ${machine.memoryGB} GB`,
      );
      for (const { name, available, detail } of backends) {
        console.log(`${available ? "+" : "-"} ${name}: ${detail.replaceAll("\n", "\n  ")}`);
      }
    });
