import { appendFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type DeviceReport, describeRun } from "../measure/machine.ts";
import type { Measurement, Result, ResultLine, RunHeader } from "../measure/record.ts";
import { backendNames, messageOf, precisions, type SuiteOptions } from "../measure/suite.ts";
import { parseShape } from "../workloads/shapes.ts";
import { suiteNames } from "./registry.ts";
import { failureOf, startChild } from "./start-child.ts";

/** A suite with what it is to measure, and how long that may take: then it is stopped and counts as failed. */
export interface Part {
  suite: string;
  options: SuiteOptions;
  limitMs: number;
}

export interface RunRequest {
  /** In the order in which they run. */
  parts: readonly Part[];
  /** Of the program: `<script> child <json>` runs a suite. */
  script: string;
  /** Where results go; undefined keeps nothing. */
  resultsFolder?: string;
  command: string;
  /** Of all parts together: what does not fit any more is left out, and the last one is stopped. */
  budgetMs?: number;
  onLine(line: ResultLine): void;
}

export interface RunOutcome {
  header: RunHeader;
  results: Result[];
  file?: string;
}

/** Less is not worth starting a process for. */
const leastMs = 5_000;

/** A part without the shapes that nobody knows, or undefined if it cannot be run as asked; and what is wrong with it. */
const refuse = ({ suite, options, limitMs }: Part): { part?: Part; refused: string[] } => {
  if (!suiteNames.includes(suite))
    return { refused: [`expected a suite, one of ${suiteNames.join(", ")}, got "${suite}"`] };
  if (!backendNames.includes(options.backend))
    return { refused: [`--backend: expected one of ${backendNames.join(", ")}, got "${options.backend}"`] };
  if (!precisions.includes(options.precision))
    return { refused: [`--precision: expected one of ${precisions.join(", ")}, got "${options.precision}"`] };
  const refused: string[] = [];
  const shapes = options.shapes.filter((shape) => {
    try {
      parseShape(shape);
      return true;
    } catch (error) {
      refused.push(messageOf(error));
      return false;
    }
  });
  // Only unknown shapes: running the usual ones instead would answer another question.
  if (options.shapes.length > 0 && shapes.length === 0) return { refused };
  return { part: { suite, options: { ...options, shapes }, limitMs }, refused };
};

/** Runs suites one after the other, each in a process of its own; what fails is a result, and the rest goes on. */
export const runSuites = async (request: RunRequest): Promise<RunOutcome> => {
  const startedAt = performance.now();
  const checked = request.parts.map((asked) => ({ asked, ...refuse(asked) }));
  const early: Result[] = checked.flatMap(({ asked, refused }) => refused.map((message) => failureOf(asked, message)));
  const accepted = checked.flatMap(({ part }) => (part === undefined ? [] : [part]));
  const results: Result[] = [];
  const ceilings = new Map<string, number>();
  const { options } = accepted[0] ?? request.parts[0]!;
  let device: DeviceReport | undefined;
  if (accepted.length > 0 && options.backend !== "cpu") {
    const failure = await startChild(request.script, { suite: "device", options, limitMs: 60_000 }, (message) => {
      if ("device" in message) device = message.device;
      if ("result" in message) early.push(message.result);
    });
    if (failure) early.push(failure);
  }
  const header = describeRun(options, device, request.command);
  const file = request.resultsFolder && join(request.resultsFolder, slug(header), `${header.date.slice(0, 10)}.jsonl`);
  if (file) await mkdir(join(file, ".."), { recursive: true });
  const write = async (line: ResultLine) => {
    request.onLine(line);
    if (file) await appendFile(file, `${JSON.stringify(line)}\n`);
  };
  await write(header);
  const take = async (result: Result) => {
    if (result.kind === "measurement") noteCeiling(result, ceilings);
    // A ceiling that was measured on a toy bounds nothing.
    const kept = result.kind === "measurement" && !options.quick ? withShare(result, ceilings) : result;
    results.push(kept);
    await write(kept);
  };
  for (const result of early) await take(result);
  for (const part of accepted) {
    const leftMs = (request.budgetMs ?? Number.POSITIVE_INFINITY) - (performance.now() - startedAt);
    if (leftMs < leastMs) {
      const {
        message: reason,
        kind: _,
        ...rest
      } = failureOf(part, `the budget of ${request.budgetMs! / 60_000} minutes was used up`);
      await take({ ...rest, kind: "skipped", reason });
      continue;
    }
    const pending: Promise<void>[] = [];
    const failure = await startChild(
      request.script,
      { ...part, limitMs: Math.min(part.limitMs, leftMs) },
      (message) => {
        if ("result" in message) pending.push(take(message.result));
      },
    );
    await Promise.all(pending);
    if (failure) await take(failure);
  }
  return { header, results, ...(file && { file }) };
};

const slug = ({ hardware, softwareAdapter, cores }: RunHeader): string =>
  `${softwareAdapter ? "software-adapter-" : ""}${hardware.split("(")[0]}-${cores}-cores`
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");

const ceilingKey = (backend: string, precision: string, bound: string) => `${backend} ${precision} ${bound}`;

const noteCeiling = ({ suite, case: name, backend, precision, value }: Measurement, ceilings: Map<string, number>) => {
  if (suite !== "machine") return;
  // The better samples: on a busy machine the median is less than what it can do.
  ceilings.set(ceilingKey(backend, precision, name), value.p80);
  // The CPU backend's memory is the host's.
  if (backend === "host") ceilings.set(ceilingKey("cpu", "float32", name), value.p80);
};

const withShare = (result: Measurement, ceilings: Map<string, number>): Measurement => {
  const { suite, backend, precision, bound, value } = result;
  const ceiling = bound && suite !== "machine" ? ceilings.get(ceilingKey(backend, precision, bound)) : undefined;
  const rate = bound === "matmul" ? (result.gigaflops ?? value.p50) : value.p50;
  return ceiling ? { ...result, share: rate / ceiling } : result;
};
