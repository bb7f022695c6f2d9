import { rmSync } from "node:fs";

/** Partial files and folders of this process that are neither finished nor given up. */
const unfinished = new Set<string>();

export const noteUnfinished = (path: string): void => void unfinished.add(path);

/** The path is finished, or removed. */
export const forgetUnfinished = (path: string): void => void unfinished.delete(path);

/**
 * Removes what this process has begun to write and not finished, at once: for a process that is about to end at a signal,
 * whose promises will not settle any more. Downloads that a later process continues stay.
 */
export const removeUnfinished = (): void => {
  for (const path of unfinished) {
    try {
      rmSync(path, { recursive: true, force: true });
    } catch {
      // The next process removes it, as after a kill.
    }
  }
  unfinished.clear();
};
