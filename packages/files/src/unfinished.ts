import { rmdirSync, rmSync } from "node:fs";

/** Partial files and folders of this process that are neither finished nor given up. */
const unfinished = new Set<string>();

/** Folders that this process made, those above others first. */
const made = new Set<string>();

export const noteMade = (folder: string): void => void made.add(folder);

export const noteUnfinished = (path: string): void => void unfinished.add(path);

/** The path is finished, or removed. */
export const forgetUnfinished = (path: string): void => {
  unfinished.delete(path);
  made.delete(path);
};

/**
 * Removes what this process has begun to write and not finished, and the folders that it made if nothing came into them, at
 * once: for a process that is about to end at a signal, whose promises will not settle any more, or with an error. Downloads
 * that a later process continues stay.
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
  for (const folder of [...made].reverse()) {
    try {
      rmdirSync(folder);
    } catch {
      // Something is in it, or it is gone.
    }
  }
  made.clear();
};
