import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import type { Started } from "./command-line.testing.ts";

/** Seconds of processor time that a process has taken; the last that was seen of one that is gone. */
const processorSeconds = (pid: number): number | undefined => {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return undefined;
  }
};

/** Sends Ctrl-C; how long the process went on, by the clock and in processor time: a machine may be busy with other work. */
const interrupt = async ({ child, ended }: Started) => {
  const before = processorSeconds(child.pid!) ?? 0;
  let used = before;
  const watch = setInterval(() => {
    used = processorSeconds(child.pid!) ?? used;
  }, 10);
  const at = performance.now();
  child.kill("SIGINT");
  const { code, error } = await ended;
  clearInterval(watch);
  return { code, error, seconds: (performance.now() - at) / 1000, used: used - before };
};

export type Interrupted = Awaited<ReturnType<typeof interrupt>>;

/** The same, once something shows that the work has begun; a process that ends before it is an error. */
export const interruptedOnce = async (started: Started, hasBegun: () => boolean): Promise<Interrupted> => {
  let isOver = false;
  void started.ended.then(() => {
    isOver = true;
  });
  while (!hasBegun()) {
    if (isOver) throw new Error(`ended before it could be interrupted:\n${started.error()}`);
    await new Promise((wait) => setTimeout(wait, 5));
  }
  return interrupt(started);
};

/** Ctrl-C was heard within two seconds: by the clock, unless the machine has other work; then of the processor. */
export const expectHeard = ({ code, seconds, used }: Interrupted, args: readonly string[]): void => {
  const isLoaded = loadavg()[0]! > availableParallelism();
  const load = isLoaded ? ", beside other work" : "";
  console.log(`${args.join(" ")}: ${seconds.toFixed(1)} s, ${used.toFixed(1)} s of the processor${load}`);
  expect(code).toBe(130);
  expect(isLoaded ? Math.min(seconds, used) : seconds).toBeLessThan(2);
};

/** Folders below a folder with nothing in them. */
export const emptyFoldersIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((path) => readdirSync(path).length === 0);

/** What was begun below a folder and not finished. */
export const partialsIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.includes(".partial-"));
