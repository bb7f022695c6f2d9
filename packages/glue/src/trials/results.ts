import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fault } from "@cramkit/errors";
import { writeFileAtomic } from "@cramkit/files";
import type { Task, TaskData } from "../tasks/task.ts";
import type { Protocol } from "./protocol.ts";
import type { Evaluation, TrialOutcome } from "./trial.ts";

/** What a trial's scores depend on. */
export interface Identity {
  readonly trainee: string;
  /** With `trials` at 0: their number does not touch any one of them. */
  readonly protocol: Protocol;
  /** SHA-256 of the examples. */
  readonly data: string;
  readonly seed: number;
}

/** One trial of one task, as it is kept in a file. */
export interface TrialResult extends TrialOutcome {
  /** 1 was drawn with the random numbers before `@cramkit/random`: its seed means other batches. */
  readonly format: 2;
  readonly task: Task;
  /** From 0. */
  readonly trial: number;
  readonly identity: Identity;
  readonly train: { readonly rows: number; readonly officialRows?: number };
  /** What the majority class scores on the same sets. */
  readonly majority: readonly Evaluation[];
  /** Those of the task's data. */
  readonly notes?: readonly string[];
}

/** SHA-256 over the task, its training and its evaluation examples. */
export function digestOf({ task, train, evaluations }: TaskData): string {
  const hash = createHash("sha256");
  hash.update(JSON.stringify(task));
  for (const { name, examples } of [{ name: "train", examples: train }, ...evaluations]) {
    hash.update(`\n${name}\n`);
    for (const { text, pair, label } of examples) hash.update(`${JSON.stringify([text, pair, label])}\n`);
  }
  return hash.digest("hex");
}

/** All results below a folder, by task and trial; a run resumed later adds to them. */
export async function readResults(directory: string): Promise<TrialResult[]> {
  const results: TrialResult[] = [];
  for (const folder of (await readdir(directory, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (!folder.isDirectory()) continue;
    const files = await readdir(join(directory, folder.name));
    const trials = files.flatMap((file) => /^trial-(\d+)\.json$/.exec(file)?.[1] ?? []).map(Number);
    for (const trial of trials.sort((a, b) => a - b))
      results.push((await readResult(fileOf(directory, folder.name, trial)))!);
  }
  return results;
}

/** The result of a trial that was run before, or undefined; throws where it is one of something else. */
export async function loadResult(
  directory: string,
  task: string,
  trial: number,
  identity: Identity,
): Promise<TrialResult | undefined> {
  const file = fileOf(directory, task, trial);
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
}

/** A result is there as a whole or not at all. */
export async function saveResult(directory: string, result: TrialResult): Promise<void> {
  const file = fileOf(directory, result.task.name, result.trial);
  await writeFileAtomic(file, `${JSON.stringify(result, null, 2)}\n`);
}

async function readResult(file: string): Promise<TrialResult | undefined> {
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
  if (result?.format === 2 && result.identity) return result;
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
    remedy: "delete this file to run the trial again",
  });
}

function fileOf(directory: string, task: string, trial: number): string {
  return join(directory, task, `trial-${trial}.json`);
}

/** JSON with the keys of every object in order. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part) =>
    part !== null && typeof part === "object" && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort())
      : part,
  );
}
