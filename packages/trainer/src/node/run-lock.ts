import { readFileSync, rmSync } from "node:fs";
import { open, readFile, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { removeLeftovers } from "./atomic-file.ts";

interface Owner {
  readonly pid: number;
  readonly host: string;
  /** When the process started, as far as the system tells: a process number is used again some day. */
  readonly started: string | null;
}

/**
 * Takes the folder of a run, or of prepared rows, for this process and removes what killed ones left half-written;
 * throws where another living process has it. Call the result to let go.
 */
export const lockRun = async (folder: string): Promise<() => void> => {
  const path = join(folder, "run.lock");
  const me: Owner = { pid: process.pid, host: hostname(), started: startTime(process.pid) };
  for (;;) {
    try {
      const handle = await open(path, "wx");
      await handle.writeFile(JSON.stringify(me));
      await handle.close();
      await removeLeftovers(folder);
      return () => rmSync(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const owner = parse(await readFile(path, "utf8").catch(() => ""));
    if (owner && isAlive(owner, me)) {
      const remedy = owner.host === me.host ? "wait for it" : `wait for it, or delete ${path} if that machine is gone`;
      throw new Error(
        `${folder}: process ${owner.pid} on ${owner.host} is working on this folder; ${remedy}, or use another folder`,
      );
    }
    await rm(path, { force: true });
  }
};

const parse = (text: string): Owner | undefined => {
  try {
    return JSON.parse(text) as Owner;
  } catch {
    return undefined; // killed between creating and writing it
  }
};

const isAlive = (owner: Owner, me: Owner): boolean => {
  if (owner.host !== me.host) return true; // cannot be asked from here
  if (owner.started !== startTime(owner.pid)) return false;
  try {
    process.kill(owner.pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
};

/** Field 22 of /proc/PID/stat, in clock ticks since boot; null where there is no /proc or no such process. */
const startTime = (pid: number): string | null => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
  } catch {
    return null;
  }
};
