import { stat } from "node:fs/promises";
import { type SpoolRange, spoolRanges } from "@cramkit/corpus/node";
import { writeFileAtomic } from "@cramkit/files";
import { readJson } from "../../run-record.ts";
import { textFiles } from "../texts.ts";
import { taskFiles } from "./task-files.ts";

/** Ranges of the training documents for each task: several, so that the number of tasks may change on the way. */
const rangesPerTask = 4;

/** The ranges of the training documents that are shared out, cut when they are first asked for. */
export const trainingRanges = async (folder: string, of: number): Promise<readonly SpoolRange[]> => {
  const file = taskFiles(folder).ranges;
  const found = (await readJson(file)) as SpoolRange[] | undefined;
  if (found !== undefined) return found;
  const ranges = await spoolRanges(textFiles(folder).training, rangesPerTask * of);
  await writeFileAtomic(file, JSON.stringify(ranges));
  return ranges;
};

/** Whether there is a file; each appears when it is complete. */
export const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
