import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fault, isFault, problemOf } from "@cramkit/errors";
import { unsealed } from "@cramkit/files";
import {
  type RunRecord,
  readRun,
  readSweepResults,
  runsWithResults,
  type SweepRecord,
  type SweepResult,
  sweepFiles,
} from "@cramkit/recipes";

/** What a report of a sweep is made from. */
export interface SweepData {
  readonly record: SweepRecord;
  readonly results: readonly SweepResult[];
  /** Runs that are done, in the order of their results. */
  readonly runs: readonly { readonly result: SweepResult; readonly run: RunRecord }[];
  /** Runs of the plan without a result. */
  readonly missing: readonly string[];
  /** Runs in the folder that are not of the plan: their variant is no longer part of it, or has other settings now. */
  readonly leftOut: readonly string[];
}

/** Whether a folder is that of a sweep. */
export const isSweepFolder = async (folder: string): Promise<boolean> =>
  readFile(sweepFiles(folder).sweep).then(
    () => true,
    () => false,
  );

/** Reads the folder of a sweep, as far as it has come. */
export const readSweep = async (folder: string): Promise<SweepData> => {
  const file = sweepFiles(folder).sweep;
  const remedy = "`cramkit sweep FILE` with the same --dir writes it again";
  let record: SweepRecord;
  try {
    record = unsealed(JSON.parse(await readFile(file, "utf8")), file, remedy);
  } catch (error) {
    if (isFault(error)) throw error;
    throw fault({
      code: "damaged-file",
      place: file,
      problem: `expected the plan of a sweep, got ${problemOf(error)}`,
      remedy,
      cause: error,
    });
  }
  const results = await readSweepResults(folder);
  const runs: { result: SweepResult; run: RunRecord }[] = [];
  for (const result of results)
    if (result.status === "done") runs.push({ result, run: await readRun(join(folder, result.id)) });
  const done = new Set(results.map(({ id }) => id));
  const missing = record.runs.filter(({ id }) => !done.has(id)).map(({ variant, seed }) => `${variant}, seed ${seed}`);
  const leftOut = (await runsWithResults(folder)).filter((id) => !done.has(id));
  return { record, results, runs, missing, leftOut };
};
