import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fault } from "@cramkit/errors";
import { checkWritable, removeLeftovers, sealed, unsealed, writeFileAtomic } from "@cramkit/files";
import type { Identity, ResultsStore, TrialResult } from "../trials/results.ts";

/** All results below a folder, by task and trial; a run resumed later adds to them. */
export const readResults = async (folder: string): Promise<TrialResult[]> => {
  const results: TrialResult[] = [];
  const entries = await readdir(folder, { withFileTypes: true });
  for (const task of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (!task.isDirectory()) continue;
    const files = await readdir(join(folder, task.name));
    const trials = files.flatMap((file) => /^trial-(\d+)\.json$/.exec(file)?.[1] ?? []).map(Number);
    for (const trial of trials.sort((a, b) => a - b))
      results.push((await readResult(fileOf(folder, task.name, trial)))!);
  }
  return results;
};

/**
 * Keeps every trial in `TASK/trial-K.json` of a folder: what is there already is not run again. A folder that cannot be
 * written is found before the first trial.
 */
export const resultsFolder = (folder: string): ResultsStore => ({
  async open() {
    await checkWritable(folder);
    await removeLeftovers(folder, { recursive: true });
  },
  load: (task, trial, identity) => loadResult(folder, task, trial, identity),
  save: (result) => saveResult(folder, result),
});

/** The result of a trial that was run before, or undefined; throws if it is one of something else. */
const loadResult = async (
  folder: string,
  task: string,
  trial: number,
  identity: Identity,
): Promise<TrialResult | undefined> => {
  const file = fileOf(folder, task, trial);
  const result = await readResult(file);
  if (!result) return undefined;
  for (const part of ["trainee", "protocol", "data", "seed"] as const) {
    if (canonical(result.identity[part]) !== canonical(identity[part]))
      throw fault({
        code: "exists",
        place: file,
        problem: `a result of another ${part}: expected ${canonical(identity[part])}, got ${canonical(result.identity[part])}`,
        remedy: "use another results folder, or delete this file to run the trial again",
      });
  }
  return result;
};

const saveResult = async (folder: string, result: TrialResult): Promise<void> => {
  const file = fileOf(folder, result.task.name, result.trial);
  await writeFileAtomic(file, `${JSON.stringify(sealed(result), null, 2)}\n`);
};

const readResult = async (file: string): Promise<TrialResult | undefined> => {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
  let result: TrialResult | undefined;
  try {
    result = JSON.parse(text);
  } catch {}
  if (result?.format === 2 && result.identity) return unsealed<TrialResult>(result, file, runAgain);
  if ((result?.format as number) === 1)
    throw fault({
      code: "version-mismatch",
      place: file,
      problem: "expected a trial result of format 2, got one of format 1, whose random numbers were others",
      remedy: "use another results folder, or finish this one with the version that began it",
    });
  throw fault({
    code: "damaged-file",
    place: file,
    problem: "expected a trial result of format 2, got something else",
    remedy: runAgain,
  });
};

const runAgain = "delete this file to run the trial again";

const fileOf = (folder: string, task: string, trial: number): string => {
  return join(folder, task, `trial-${trial}.json`);
};

/** JSON with the keys of every object in order. */
const canonical = (value: unknown): string => {
  return JSON.stringify(value, (_, part) =>
    part !== null && typeof part === "object" && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort())
      : part,
  );
};
