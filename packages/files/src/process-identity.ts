import { readFileSync } from "node:fs";
import { hostname } from "node:os";

/** One process among all that ever ran on any machine, as far as the system tells. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  /** When it started, in clock ticks since boot; null if the system does not tell. A process number is used again. */
  readonly started: string | null;
}

export const thisProcess = (): ProcessIdentity => ({
  pid: process.pid,
  host: hostname(),
  started: startTime(process.pid),
});

/** Whether a process lives, seen from this one. One on another machine cannot be asked and counts as living. */
export const isAlive = ({ pid, host, started }: ProcessIdentity): boolean => {
  if (host !== hostname()) return true;
  if (started !== startTime(pid)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"; // that of another user
  }
};

/** Field 22 of /proc/PID/stat; null if there is no /proc or no such process. */
const startTime = (pid: number): string | null => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
  } catch {
    return null;
  }
};
