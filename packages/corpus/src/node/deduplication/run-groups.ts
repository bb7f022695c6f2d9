import { anchorBytesOf } from "./anchors.ts";
import type { WindowRun } from "./run-files.ts";

/**
 * Runs whose anchors have one hash, in the order of the corpus. Equal windows have equal anchors at the same distance, so two
 * runs that lie over each other by their anchors show all windows that they share: those that lie within what is equal around
 * the anchor. That is a comparison a run, in place of a look-up a window.
 *
 * A run whose windows an earlier one has is not kept: later ones will find that one. The runs of an anchor that occurs in
 * many different places are not compared all with all; they are left to a table of windows.
 */
export interface RunGroups {
  /** Compares a run with those of its anchor, and keeps it for later ones. */
  add(run: WindowRun): void;
  /** Hashes of anchors that occur in too many places, and the windows of their runs, found or not. */
  readonly crowded: ReadonlyMap<number, number>;
  /** Forgets the runs, but not which anchors are crowded. */
  clear(): void;
}

export interface RunGroupsOptions {
  readonly windowBytes: number;
  /** What repeats an earlier window without overlapping it is found; with "none", both of any two that are equal. */
  readonly keep: "first" | "none";
  /** Runs of one anchor that are kept. */
  readonly mostRuns: number;
  /** Called with the start in the corpus and the length of stretches of windows that repeat. */
  readonly found: (start: number, length: number) => void;
}

const [lastOf, runsOf, windowsOf] = [1, 2, 3];

export const createRunGroups = ({ windowBytes, keep, mostRuns, found }: RunGroupsOptions): RunGroups => {
  const anchorBytes = anchorBytesOf(windowBytes);
  const crowded = new Map<number, number>();
  /** The numbers of groups by the hash of their anchor. */
  const groups = new Map<number, number>();
  /** Four numbers a group: its first and its last kept run, how many there are, and the windows of all its runs. */
  let aboutGroups = new Int32Array(4 << 10);
  let starts = new Float64Array(1 << 10);
  /** Four numbers a run: its windows, the place of the anchor, where its bytes begin in `kept`, and the next run or -1. */
  let about = new Int32Array(4 << 10);
  let size = 0;
  let kept = Buffer.alloc(1 << 18);
  let keptBytes = 0;

  const keepRun = ({ start, count, place, bytes }: WindowRun): number => {
    if (size === starts.length) {
      starts = grown(starts, new Float64Array(2 * size));
      about = grown(about, new Int32Array(8 * size));
    }
    if (keptBytes + bytes.length > kept.length)
      kept = Buffer.concat([kept, Buffer.alloc(Math.max(kept.length, bytes.length))]);
    bytes.copy(kept, keptBytes);
    starts[size] = start;
    about.set([count, place, keptBytes, -1], 4 * size);
    keptBytes += bytes.length;
    return size++;
  };

  /** Tells the windows that a run shares with a kept one; true if those are all of them. */
  const compare = ({ start, place, bytes }: WindowRun, other: number): boolean => {
    const otherPlace = about[4 * other + 1]!;
    const shift = about[4 * other + 2]! + otherPlace - place; // from a byte of the run to that of the other, in `kept`
    for (let i = place; i < place + anchorBytes; i++) if (bytes[i] !== kept[i + shift]) return false;
    let from = place;
    const least = Math.max(0, place - otherPlace);
    while (from > least && bytes[from - 1] === kept[from - 1 + shift]) from--;
    let to = place + anchorBytes;
    const most = Math.min(bytes.length, about[4 * other]! - 1 + windowBytes + place - otherPlace);
    while (to < most && bytes[to] === kept[to + shift]) to++;
    if (to - from < windowBytes) return false;
    const distance = start + place - (starts[other]! + otherPlace);
    if (keep === "none") found(start - distance + from, to - from);
    if (keep === "none" || distance >= windowBytes) found(start + from, to - from);
    return from === 0 && to === bytes.length;
  };

  return {
    crowded,
    add(run) {
      const { hash, count } = run;
      const windows = crowded.get(hash);
      if (windows !== undefined) {
        crowded.set(hash, windows + count);
        return;
      }
      const known = groups.get(hash);
      if (known === undefined) {
        const group = 4 * groups.size;
        if (group === aboutGroups.length) aboutGroups = grown(aboutGroups, new Int32Array(2 * group));
        const first = keepRun(run);
        aboutGroups.set([first, first, 1, count], group);
        groups.set(hash, group);
        return;
      }
      aboutGroups[known + windowsOf]! += count;
      for (let other = aboutGroups[known]!; other >= 0; other = about[4 * other + 3]!) if (compare(run, other)) return;
      if (aboutGroups[known + runsOf] === mostRuns) {
        crowded.set(hash, aboutGroups[known + windowsOf]!);
        return;
      }
      const last = keepRun(run);
      about[4 * aboutGroups[known + lastOf]! + 3] = last;
      aboutGroups[known + lastOf] = last;
      aboutGroups[known + runsOf]!++;
    },
    clear() {
      groups.clear();
      size = 0;
      keptBytes = 0;
    },
  };
};

const grown = <T extends Int32Array | Float64Array>(from: T, to: T): T => {
  to.set(from);
  return to;
};
