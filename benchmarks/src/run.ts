import { type ChildProcess, fork } from "node:child_process";
import { appendFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { ChildMessage, ChildRequest } from "./child.ts";
import { type DeviceReport, describeRun } from "./machine.ts";
import type { Failure, Measurement, Result, ResultLine, RunHeader } from "./record.ts";
import { suiteNames } from "./registry.ts";
import { parseShape } from "./shapes.ts";
import { backendNames, messageOf, precisions, type SuiteOptions } from "./suite.ts";

export interface RunRequest {
  suites: readonly string[];
  options: SuiteOptions;
  /** Of the program: `<script> child <json>` runs a suite. */
  script: string;
  /** Where results go; undefined keeps nothing. */
  resultsFolder?: string;
  command: string;
  /** A suite that goes on longer than this is stopped and counts as failed. */
  suiteLimitMs: number;
  onLine(line: ResultLine): void;
}

export interface RunOutcome {
  header: RunHeader;
  results: Result[];
  file?: string;
}

/** What cannot be run as asked, one failure each; the rest of the request. */
const refuse = ({ suites, options }: RunRequest): { refused: Failure[]; accepted: string[]; options: SuiteOptions } => {
  const failure = (suite: string, message: string): Failure => ({
    kind: "failure",
    suite,
    case: "-",
    provider: "-",
    message,
  });
  const refused = suites
    .filter((name) => !suiteNames.includes(name))
    .map((name) => failure(name, `expected a suite, one of ${suiteNames.join(", ")}, got "${name}"`));
  let accepted = suites.filter((name) => suiteNames.includes(name));
  if (!backendNames.includes(options.backend)) {
    refused.push(failure("-", `--backend: expected one of ${backendNames.join(", ")}, got "${options.backend}"`));
    accepted = [];
  }
  if (!precisions.includes(options.precision)) {
    refused.push(failure("-", `--precision: expected one of ${precisions.join(", ")}, got "${options.precision}"`));
    accepted = [];
  }
  const shapes = options.shapes.filter((shape) => {
    try {
      parseShape(shape);
      return true;
    } catch (error) {
      refused.push(failure("-", messageOf(error)));
      return false;
    }
  });
  // Only unknown shapes: running the usual ones instead would answer another question.
  if (options.shapes.length > 0 && shapes.length === 0) accepted = [];
  return { refused, accepted, options: { ...options, shapes } };
};

/** Runs suites one after the other, each in a process of its own; what fails is a result, and the rest goes on. */
export const runSuites = async (request: RunRequest): Promise<RunOutcome> => {
  const { refused, accepted, options } = refuse(request);
  const results: Result[] = [];
  const ceilings = new Map<string, number>();
  let device: DeviceReport | undefined;
  const early: Result[] = [...refused];
  if (accepted.length > 0 && options.backend !== "cpu") {
    const failure = await startChild(request, { suite: "device", options }, (message) => {
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
    const kept = result.kind === "measurement" ? withShare(result, ceilings) : result;
    results.push(kept);
    await write(kept);
  };
  for (const result of early) await take(result);
  for (const suite of accepted) {
    const pending: Promise<void>[] = [];
    const failure = await startChild(request, { suite, options }, (message) => {
      if ("result" in message) pending.push(take(message.result));
    });
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

/** Resolves when the child has ended; with the failure, where it did not end by itself. */
const startChild = (
  { script, suiteLimitMs }: Pick<RunRequest, "script" | "suiteLimitMs">,
  request: ChildRequest,
  onMessage: (message: ChildMessage) => void,
): Promise<Failure | undefined> =>
  new Promise((resolve) => {
    const failure = (message: string): Failure => ({
      kind: "failure",
      suite: request.suite,
      case: "-",
      provider: "-",
      message,
    });
    let child: ChildProcess;
    try {
      // Standard output belongs to the results.
      child = fork(script, ["child", JSON.stringify(request)], { stdio: ["ignore", 2, 2, "ipc"] });
    } catch (error) {
      resolve(failure(messageOf(error)));
      return;
    }
    let [done, late] = [false, false];
    const timer = setTimeout(() => {
      late = true;
      child.kill("SIGKILL");
    }, suiteLimitMs);
    child.on("message", (message: ChildMessage) => ("done" in message ? (done = true) : onMessage(message)));
    child.on("error", (error) => resolve(failure(messageOf(error))));
    child.on("exit", (code, signal) => {
      clearTimeout(timer);
      if (late) resolve(failure(`expected an end within ${suiteLimitMs / 1000} s, got none; the suite was stopped`));
      else if (!done)
        resolve(failure(`the suite's process ended with ${signal ?? `exit code ${code}`} before it was done`));
      else resolve(undefined);
    });
  });
