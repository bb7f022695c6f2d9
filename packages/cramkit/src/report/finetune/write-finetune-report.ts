import { writeFileAtomic } from "@cramkit/files";
import { type FinetuneRecord, finetuneFiles } from "@cramkit/recipes";
import { finetuneReport } from "./finetune-report.ts";

/** Writes `report.html` into a finetuning's folder, or another file. Returns its path. */
export const writeFinetuneReport = async (
  record: FinetuneRecord,
  file = finetuneFiles(record.folder).report,
): Promise<string> => {
  await writeFileAtomic(file, finetuneReport(record));
  return file;
};
