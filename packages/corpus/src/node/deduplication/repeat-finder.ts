import { finish } from "../finish-hash.ts";
import { readRuns } from "./run-files.ts";
import { createRunGroups } from "./run-groups.ts";
import { createWindowTable } from "./window-table.ts";

export interface RepeatFinderOptions {
  readonly windowBytes: number;
  /** Windows in memory at once. */
  readonly maxWindows: number;
  /** With "none" the earlier windows are found as well, and those that overlap. */
  readonly keep: "first" | "none";
  /**
   * Runs of one anchor that are compared with each other; more of them are left to the table of windows.
   *
   * @defaultValue `32`
   */
  readonly mostRuns?: number;
}

/** Finds the windows among the runs of a file that repeat an earlier one. */
export interface RepeatFinder {
  /** Calls `found` with the start in the corpus and the length of stretches that are covered by repeated windows. */
  find(path: string, windows: number, found: (start: number, length: number) => void): void;
}

/**
 * Reads a file with more than `maxWindows` windows several times, each time for a part of all anchors. Exact: runs are compared
 * by their anchors, and those of an anchor that occurs in many places by a table of their windows.
 */
export const createRepeatFinder = ({
  windowBytes,
  maxWindows,
  keep,
  mostRuns = 32,
}: RepeatFinderOptions): RepeatFinder => {
  const table = createWindowTable(windowBytes, maxWindows, keep);
  return {
    find(path, windows, found) {
      const groups = createRunGroups({ windowBytes, keep, mostRuns, found });
      const passes = Math.max(1, Math.ceil(windows / maxWindows));
      for (let pass = 0; pass < passes; pass++) {
        groups.clear();
        readRuns(path, windowBytes, (run) => {
          if (passes === 1 || finish(run.hash ^ 0x5bd1e995) % passes === pass) groups.add(run);
        });
      }
      const { crowded } = groups;
      if (crowded.size === 0) return;
      let left = 0;
      for (const count of crowded.values()) left += count;
      table.find(path, { windows: left, isWanted: ({ hash }) => crowded.has(hash), found });
    },
  };
};
