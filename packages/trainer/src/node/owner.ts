import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";

/** A process that claims a folder. */
export interface Owner {
  readonly pid: number;
  readonly host: string;
  /** When the process started, as far as the system tells: a process number is used again some day. */
  readonly started: string | null;
  /** No two claims are alike. */
  readonly claim: string;
}

/** A claim of this process. */
export const newOwner = (): Owner => ({
  pid: process.pid,
  host: hostname(),
  started: startTime(process.pid),
  claim: randomUUID(),
});

/** The owner that a lock names; undefined where it names none, as one that was cut off. */
export const parseOwner = (text: string): Owner | undefined => {
  try {
    return JSON.parse(text) as Owner;
  } catch {
    return undefined;
  }
};

/** Whether a process lives, seen from this one; one on another machine cannot be asked and counts as living. */
export const isAlive = ({ pid, host, started }: Owner): boolean => {
  if (host !== hostname()) return true;
  if (started !== startTime(pid)) return false;
  try {
    process.kill(pid, 0);
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
