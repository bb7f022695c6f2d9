import { stat } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "@cramkit/files";
import { finetuneFiles, readFinetuning, readReportedRun, runFiles } from "@cramkit/recipes";
import { Command } from "commander";
import { requireWritableFile } from "../options/require-writable-file.ts";
import { writeFinetuneReport } from "../report/finetune/write-finetune-report.ts";
import { renderReport } from "../report/report.ts";
import { isSweepFolder } from "../report/sweep/read-sweep.ts";
import { writeSweepReport } from "../report/sweep/write-sweep-report.ts";
import { tell } from "../terminal/output.ts";

export const reportCommand = (): Command =>
  new Command("report")
    .description("write the report of one run, of several side by side, of a sweep, or of a finetuning")
    .argument("<runs...>", "folders of runs, of checkpoints or models in them, or that of a sweep or a finetuning")
    .option(
      "--out <file>",
      "file to write (default: report.html in the folder of the run, comparison.html for several runs)",
    )
    .action(async (folders: string[], { out }: { out?: string }) => {
      if (out !== undefined) await requireWritableFile(out);
      if (folders.length === 1 && (await isSweepFolder(folders[0]!)))
        return tell(await writeSweepReport(folders[0]!, out));
      if (folders.length === 1 && (await isFinetuning(folders[0]!)))
        return tell(await writeFinetuneReport(await readFinetuning(folders[0]!), out));
      const runs = await Promise.all(folders.map((folder) => readReportedRun(folder)));
      const own = runs[0]!.folder; // of a checkpoint, and of a model, the run that it is of
      const file = out ?? (folders.length === 1 ? runFiles(own).report : join(process.cwd(), "comparison.html"));
      await writeFileAtomic(file, await renderReport(runs));
      tell(file);
    });

const isFinetuning = (folder: string): Promise<boolean> =>
  stat(finetuneFiles(folder).request).then(
    () => true,
    () => false,
  );
