/** Longer chunks are not worth a place in a table: they hardly repeat, as lines of languages without spaces. */
export const longestChunk = 64;

/** Chunks seen so far, numbered from 0 as they come, in an open-addressing table over one arena of UTF-16 units. */
export interface ChunkTable {
  readonly size: number;
  /** The number of the chunk `start..end` of `text`, or -1. */
  find(text: string, start: number, end: number, hash: number): number;
  /** Adds a chunk that is not there and returns its number. */
  add(text: string, start: number, end: number, hash: number): number;
  chunk(number: number): string;
  /** Writes the codes of a chunk of ASCII, up to 64, and returns how many; -1 if the chunk holds other characters. */
  asciiOf(number: number, codes: Uint8Array): number;
  clear(): void;
}

export const chunkTable = (): ChunkTable => {
  let slots = new Int32Array(1 << 12).fill(-1);
  let mask = slots.length - 1;
  let hashes = new Int32Array(1 << 11);
  /** Chunk `n` is `units[bounds[n] .. bounds[n + 1]]`. */
  let bounds = new Int32Array((1 << 11) + 1);
  let units = new Uint16Array(1 << 14);
  let size = 0;

  const grow = () => {
    const old = hashes;
    hashes = new Int32Array(old.length * 2);
    hashes.set(old);
    const oldBounds = bounds;
    bounds = new Int32Array(hashes.length + 1);
    bounds.set(oldBounds);
    slots = new Int32Array(hashes.length * 2).fill(-1);
    mask = slots.length - 1;
    for (let n = 0; n < size; n++) {
      let slot = hashes[n]! & mask;
      while (slots[slot] !== -1) slot = (slot + 1) & mask;
      slots[slot] = n;
    }
  };

  return {
    get size() {
      return size;
    },
    find(text, start, end, hash) {
      const length = end - start;
      for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
        const n = slots[slot]!;
        if (n === -1) return -1;
        if (hashes[n] !== hash) continue;
        const base = bounds[n]!;
        if (bounds[n + 1]! - base !== length) continue;
        let k = 0;
        while (k < length && units[base + k] === text.charCodeAt(start + k)) k++;
        if (k === length) return n;
      }
    },
    add(text, start, end, hash) {
      if (size === hashes.length) grow();
      const base = bounds[size]!;
      const length = end - start;
      if (base + length > units.length) {
        const old = units;
        units = new Uint16Array(Math.max(old.length * 2, base + length));
        units.set(old);
      }
      for (let k = 0; k < length; k++) units[base + k] = text.charCodeAt(start + k);
      bounds[size + 1] = base + length;
      hashes[size] = hash;
      let slot = hash & mask;
      while (slots[slot] !== -1) slot = (slot + 1) & mask;
      slots[slot] = size;
      return size++;
    },
    chunk: (n) => String.fromCharCode(...units.subarray(bounds[n]!, bounds[n + 1]!)),
    asciiOf(n, codes) {
      const base = bounds[n]!;
      const length = bounds[n + 1]! - base;
      for (let k = 0; k < length; k++) {
        const unit = units[base + k]!;
        if (unit > 127) return -1;
        codes[k] = unit;
      }
      return length;
    },
    clear() {
      slots.fill(-1);
      size = 0;
    },
  };
};
