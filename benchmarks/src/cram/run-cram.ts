import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fault } from "@cramkit/errors";
import { writeFileAtomic } from "@cramkit/files";
import { type CramRecord, cramFiles, jsonIn } from "./files.ts";
import { type CramOptions, type CramPart, cramPlan, partLimitMs, partName } from "./plan.ts";
import { renderCram } from "./report.ts";
import { runPart } from "./run-part.ts";

export interface CramRequest {
  options: CramOptions;
  /** Of the program: `<script> cram-part <json>` runs a part. */
  script: string;
  /** @defaultValue the plan of the options */
  parts?: readonly CramPart[];
  /** Aborted to stop: what there is is reported. */
  signal: AbortSignal;
  say(line: string): void;
}

/** Less is not worth starting a process for. */
const leastMs = 5_000;

/** The arguments that make the program do a part. */
const argumentsOf = (part: CramPart, options: CramOptions, limitMs: number): string[] => {
  const { backend, precision, quick, folder } = options;
  if (part.kind !== "ceilings") return ["cram-part", JSON.stringify({ part, options, limitMs })];
  const computed = ["--backend", backend, "--precision", precision, ...(quick ? ["--quick"] : [])];
  return ["machine", ...computed, "--results", cramFiles(folder).ceilings];
};

/**
 * Runs the parts of a cram one after the other, each in a process of its own with a limit of its own; one that fails does not
 * end the rest. The record and the report are written anew after every part.
 *
 * @throws a fault `invalid-argument` if the folder holds a cram already
 */
export const runCram = async ({ options, script, signal, say, ...given }: CramRequest): Promise<CramRecord> => {
  const { folder, quick, minutes } = options;
  const files = cramFiles(folder);
  if ((await jsonIn(files.record)) !== undefined)
    throw fault({
      code: "invalid-argument",
      place: folder,
      problem: "expected a folder without a cram, got one that holds a cram",
      remedy: "name another with --results",
    });
  await mkdir(join(folder, "glue"), { recursive: true });
  const startedAt = performance.now();
  const record: CramRecord = { date: new Date().toISOString(), options, parts: [] };
  const write = async () => {
    await writeFileAtomic(files.record, `${JSON.stringify(record, null, 2)}\n`);
    await writeFileAtomic(files.report, await renderCram(folder));
  };
  await write();
  const parts = given.parts ?? cramPlan(options);
  for (const [i, part] of parts.entries()) {
    const name = partName(part);
    const leftMs = quick ? Number.POSITIVE_INFINITY : minutes * 60_000 - (performance.now() - startedAt);
    const limitMs = partLimitMs(part, parts.slice(i + 1), leftMs);
    if (signal.aborted) record.parts.push({ name, outcome: "interrupted", seconds: 0, message: "not begun" });
    else if (limitMs < Math.min(leastMs, part.limitMs))
      record.parts.push({ name, outcome: "skipped", seconds: 0, message: `the ${minutes} minutes were used up` });
    else {
      say(`${name}: at most ${Math.round(limitMs / 1000)} s`);
      record.parts.push(await runPart(name, { script, args: argumentsOf(part, options, limitMs), limitMs, signal }));
    }
    const { outcome, seconds, message } = record.parts.at(-1)!;
    say(`${name}: ${outcome} after ${seconds} s${message === undefined ? "" : `: ${message}`}`);
    await write();
  }
  return record;
};
