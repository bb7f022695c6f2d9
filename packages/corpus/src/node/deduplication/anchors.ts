import { finish } from "../finish-hash.ts";

/**
 * Winnowing (Schleimer, Wilkerson and Aiken, 2003). A window of `windowBytes` has `windowBytes - anchorBytes + 1` grams
 * of `anchorBytes`; its anchor is the one with the least hash, the last of equals. The choice depends on the bytes of
 * the window alone, so equal windows have equal anchors at the same offset, while neighbouring windows mostly share
 * theirs: about one gram in 22 is an anchor at 75 and 32 bytes. Whoever looks for repeated windows has to compare only
 * windows whose anchors are equal.
 */
export interface AnchorScanner {
  /** Calls `visit` for the anchor of each run of windows of `bytes`, `first` to `last` (starts), ascending. */
  scan(bytes: Uint8Array, visit: (hash: number, first: number, last: number) => void): void;
}

const base = 0x01000193;

export const createAnchorScanner = (windowBytes: number): AnchorScanner => {
  const anchorBytes = Math.max(4, Math.floor((windowBytes * 32) / 75));
  const grams = windowBytes - anchorBytes + 1;
  const ring = new Int32Array(2 ** Math.ceil(Math.log2(grams + 1)));
  const mask = ring.length - 1;
  let top = 1; // base ** (anchorBytes - 1)
  for (let index = 1; index < anchorBytes; index++) top = Math.imul(top, base);

  /** A second hash of the same bytes: the rolling one is small by the choice of the anchor. */
  const hashOf = (bytes: Uint8Array, start: number): number => {
    let hash = 0x9747b28c;
    for (let index = start; index < start + anchorBytes; index++) {
      hash = Math.imul(hash ^ (bytes[index] as number), 0x5bd1e995);
      hash ^= hash >>> 15;
    }
    return finish(hash);
  };

  return {
    scan(bytes, visit) {
      const lastGram = bytes.length - anchorBytes;
      if (bytes.length < windowBytes) return;
      let rolling = 0;
      for (let index = 0; index < anchorBytes; index++)
        rolling = (Math.imul(rolling, base) + (bytes[index] as number)) | 0;
      let least = 0x7fffffff;
      let leastAt = -1;
      let anchor = -1;
      let first = 0;
      for (let gram = 0; ; gram++) {
        const value = Math.imul(rolling ^ (rolling >>> 15), 0x2c1b3c6d);
        ring[gram & mask] = value;
        if (value <= least) {
          least = value;
          leastAt = gram;
        }
        const window = gram - grams + 1;
        if (window >= 0) {
          if (leastAt < window) {
            least = 0x7fffffff;
            for (let index = window; index <= gram; index++) {
              const candidate = ring[index & mask] as number;
              if (candidate <= least) {
                least = candidate;
                leastAt = index;
              }
            }
          }
          if (leastAt !== anchor) {
            if (anchor >= 0) visit(hashOf(bytes, anchor), first, window - 1);
            anchor = leastAt;
            first = window;
          }
        }
        if (gram === lastGram) break;
        const without = (rolling - Math.imul(bytes[gram] as number, top)) | 0;
        rolling = (Math.imul(without, base) + (bytes[gram + anchorBytes] as number)) | 0;
      }
      visit(hashOf(bytes, anchor), first, bytes.length - windowBytes);
    },
  };
};
