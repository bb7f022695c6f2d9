import { writeFileAtomic } from "@cramkit/files";
import { type FinetuneRecord, finetuneFiles } from "@cramkit/recipes";
import { finetuneReport } from "./finetune-report.ts";

/** Writes `report.html` into a finetuning's folder. Returns its path. */
export const writeFinetuneReport = async (record: FinetuneRecord): Promise<string> => {
  const file = finetuneFiles(record.folder).report;
  await writeFileAtomic(file, finetuneReport(record));
  return file;
};
