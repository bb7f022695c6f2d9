import { finish } from "../finish-hash.ts";

/** Anchors of runs of windows, in the order of the windows. Window `n` of a text is that which begins at byte `n`. */
export interface Anchors {
  count: number;
  /** Of the anchor's bytes. */
  readonly hashes: Uint32Array;
  readonly firsts: Uint32Array;
  readonly lasts: Uint32Array;
  /** Where the anchors begin, which all windows of their runs hold. */
  readonly places: Uint32Array;
}

/**
 * Winnowing (Schleimer, Wilkerson and Aiken, 2003). A window of `windowBytes` has `windowBytes - anchorBytes + 1` grams
 * of `anchorBytes`; its anchor is the one with the least hash, the last of equals. The choice depends on the bytes of
 * the window alone, so equal windows have equal anchors at the same offset, while neighbouring windows mostly share
 * theirs: about one gram in 22 is an anchor at 75 and 32 bytes. Whoever looks for repeated windows has to compare only
 * windows whose anchors are equal.
 */
export interface AnchorScanner {
  /** Calls `visit` with the anchors of the runs of windows of `bytes`, some of them at a time; borrowed until it returns. */
  scan(bytes: Uint8Array, visit: (anchors: Anchors) => void): void;
}

/** Of two hashes that roll over the grams: one chooses an anchor, the other tells it from different ones. */
export const base = 0x01000193;
export const secondBase = 0x6c078965;

export const anchorBytesOf = (windowBytes: number): number => Math.max(4, Math.floor((windowBytes * 32) / 75));

/** Grams that are remembered, a power of two: those of a window and the one before. */
export const ringElements = (windowBytes: number): number =>
  2 ** Math.ceil(Math.log2(windowBytes - anchorBytesOf(windowBytes) + 2));

/** Anchors that are handed over at a time. */
const batchAnchors = 1 << 12;

/** The scanner in script: the reference, and for engines without WebAssembly. */
export const scriptScanner = (windowBytes: number): AnchorScanner => {
  const anchorBytes = anchorBytesOf(windowBytes);
  const grams = windowBytes - anchorBytes + 1;
  const ring = new Int32Array(ringElements(windowBytes));
  const secondRing = new Int32Array(ring.length);
  const mask = ring.length - 1;
  let [top, secondTop] = [1, 1]; // base ** (anchorBytes - 1)
  for (let index = 1; index < anchorBytes; index++) {
    top = Math.imul(top, base);
    secondTop = Math.imul(secondTop, secondBase);
  }
  const anchors: Anchors = {
    count: 0,
    hashes: new Uint32Array(batchAnchors),
    firsts: new Uint32Array(batchAnchors),
    lasts: new Uint32Array(batchAnchors),
    places: new Uint32Array(batchAnchors),
  };

  return {
    scan(bytes, visit) {
      if (bytes.length < windowBytes) return;
      const lastGram = bytes.length - anchorBytes;
      anchors.count = 0;
      const add = (gram: number, first: number, last: number) => {
        const { hashes, firsts, lasts, places, count } = anchors;
        hashes[count] = finish(secondRing[gram & mask]!);
        firsts[count] = first;
        lasts[count] = last;
        places[count] = gram;
        if (++anchors.count < batchAnchors) return;
        visit(anchors);
        anchors.count = 0;
      };
      let [rolling, second] = [0, 0];
      for (let index = 0; index < anchorBytes; index++) {
        rolling = (Math.imul(rolling, base) + bytes[index]!) | 0;
        second = (Math.imul(second, secondBase) + bytes[index]!) | 0;
      }
      let least = 0x7fffffff;
      let leastAt = -1;
      let anchor = -1;
      let first = 0;
      for (let gram = 0; ; gram++) {
        const value = Math.imul(rolling ^ (rolling >>> 15), 0x2c1b3c6d);
        ring[gram & mask] = value;
        secondRing[gram & mask] = second;
        if (value <= least) {
          least = value;
          leastAt = gram;
        }
        const window = gram - grams + 1;
        if (window >= 0) {
          if (leastAt < window) {
            least = 0x7fffffff;
            for (let index = window; index <= gram; index++) {
              const candidate = ring[index & mask]!;
              if (candidate <= least) {
                least = candidate;
                leastAt = index;
              }
            }
          }
          if (leastAt !== anchor) {
            if (anchor >= 0) add(anchor, first, window - 1);
            anchor = leastAt;
            first = window;
          }
        }
        if (gram === lastGram) break;
        const leaves = bytes[gram]!;
        const comes = bytes[gram + anchorBytes]!;
        rolling = (Math.imul(rolling - Math.imul(leaves, top), base) + comes) | 0;
        second = (Math.imul(second - Math.imul(leaves, secondTop), secondBase) + comes) | 0;
      }
      add(anchor, first, bytes.length - windowBytes);
      if (anchors.count > 0) visit(anchors);
    },
  };
};
