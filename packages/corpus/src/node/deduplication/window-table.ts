import { readRuns, type WindowRun } from "./run-files.ts";

/** Finds the windows among the runs of a file that repeat an earlier one, each by itself. */
export interface WindowTable {
  /** Calls `found` with the start in the corpus and the length of each stretch that is covered by repeated windows. */
  find(
    path: string,
    options: {
      /** Of the runs that are wanted. */
      windows: number;
      isWanted: (run: WindowRun) => boolean;
      found: (start: number, length: number) => void;
    },
  ): void;
}

const base = 0x6c078965;

/**
 * With `keep` "none" the earlier windows are found as well, and those that overlap.
 *
 * The table of windows is exact: a window is looked up by a hash and compared byte by byte with those of the same
 * hash. A window repeats an earlier one if the two do not overlap. About `maxWindows` windows at most are in the table
 * at once: a file with more of them is read several times, each time for a part of all hashes.
 */
export const createWindowTable = (
  windowBytes: number,
  maxWindows: number,
  keep: "first" | "none" = "first",
): WindowTable => {
  let slots = new Int32Array(1 << 12); // 1 + entry, 0 for none
  let mask = slots.length - 1;
  let hashes = new Int32Array(1 << 10);
  let offsets = new Uint32Array(1 << 10); // of the window's bytes in `kept`
  let starts = new Float64Array(1 << 10); // of the window in the corpus
  let kept = Buffer.alloc(1 << 16);
  let entries = 0;
  let keptBytes = 0;
  let top = 1;
  for (let index = 1; index < windowBytes; index++) top = Math.imul(top, base);

  const keepRun = (run: Buffer): number => {
    const offset = keptBytes;
    keptBytes += run.length;
    if (keptBytes > kept.length) kept = Buffer.concat([kept, Buffer.alloc(Math.max(kept.length, run.length))]);
    run.copy(kept, offset);
    return offset;
  };
  const insert = (slot: number, hash: number, offset: number, start: number) => {
    if (entries === hashes.length) {
      hashes = grown(hashes, new Int32Array(entries * 2));
      offsets = grown(offsets, new Uint32Array(entries * 2));
      starts = grown(starts, new Float64Array(entries * 2));
    }
    hashes[entries] = hash;
    offsets[entries] = offset;
    starts[entries] = start;
    slots[slot] = ++entries;
    if (entries > 0.75 * slots.length) enlarge();
  };
  const enlarge = () => {
    slots = new Int32Array(slots.length * 2);
    mask = slots.length - 1;
    for (let entry = 0; entry < entries; entry++) {
      let slot = firstSlot(spread(hashes[entry] as number), mask);
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = entry + 1;
    }
  };
  const clear = () => {
    slots.fill(0);
    entries = 0;
    keptBytes = 0;
  };

  return {
    find(path, { windows, isWanted, found }) {
      const passes = Math.max(1, Math.ceil(windows / maxWindows));
      for (let pass = 0; pass < passes; pass++) {
        clear();
        let [from, last] = [-1, -2]; // neighbouring windows, first copies, that are found together
        const tellFirst = () => {
          if (from >= 0) found(from, last - from + windowBytes);
          [from, last] = [-1, -2];
        };
        readRuns(path, windowBytes, (at) => {
          if (!isWanted(at)) return;
          const { start, count, bytes: run } = at;
          let offset = -1;
          let repeatedFrom = -1;
          let same = -1; // where in `kept` the window before this one stands
          let hash = 0;
          for (let index = 0; index < windowBytes; index++) hash = (Math.imul(hash, base) + (run[index] as number)) | 0;
          for (let window = 0; window < count; window++) {
            if (window > 0) {
              const without = (hash - Math.imul(run[window - 1] as number, top)) | 0;
              hash = (Math.imul(without, base) + (run[window + windowBytes - 1] as number)) | 0;
            }
            const mixed = spread(hash);
            const after = same + 1;
            same = -1;
            let repeated = false;
            if (passes === 1 || (mixed >>> 16) % passes === pass) {
              let slot = firstSlot(mixed, mask);
              for (; ; slot = (slot + 1) & mask) {
                const entry = (slots[slot] as number) - 1;
                if (entry < 0) {
                  if (offset < 0) offset = keepRun(run);
                  insert(slot, hash, offset + window, start + window);
                  break;
                }
                if (hashes[entry] !== hash) continue;
                const other = offsets[entry] as number;
                // Behind a window that was equal only one byte is new.
                const isSame =
                  other === after && after > 0
                    ? kept[other + windowBytes - 1] === run[window + windowBytes - 1]
                    : run.compare(kept, other, other + windowBytes, window, window + windowBytes) === 0;
                if (!isSame) continue;
                same = other;
                const earlier = starts[entry] as number;
                repeated = keep === "none" || earlier + windowBytes <= start + window;
                if (keep === "none") {
                  if (earlier !== last + 1) tellFirst();
                  if (from < 0) from = earlier;
                  last = earlier;
                }
                break;
              }
            }
            if (repeated && repeatedFrom < 0) repeatedFrom = window;
            if (!repeated && repeatedFrom >= 0) {
              found(start + repeatedFrom, window - repeatedFrom - 1 + windowBytes);
              repeatedFrom = -1;
            }
          }
          if (repeatedFrom >= 0) found(start + repeatedFrom, count - repeatedFrom - 1 + windowBytes);
          tellFirst();
        });
      }
    },
  };
};

const spread = (hash: number): number => {
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (mixed ^ (mixed >>> 13)) >>> 0;
};

/** Other bits than those that choose the pass. */
const firstSlot = (mixed: number, mask: number): number => (Math.imul(mixed, 0x297a2d39) >>> 4) & mask;

const grown = <T extends Int32Array | Uint32Array | Float64Array>(from: T, to: T): T => {
  to.set(from);
  return to;
};
