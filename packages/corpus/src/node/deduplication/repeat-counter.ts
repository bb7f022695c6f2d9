/**
 * Which hashes occurred at least twice: two bits a slot, of which there are `bytes * 4`. A hash counts in two slots of one
 * line of the cache. Different hashes may share both and then count as repeated; a hash that was repeated is always found.
 */
export interface RepeatCounter {
  /** Hashes from which on too many would count as repeated. */
  readonly capacity: number;
  /** Counts the first few of an array. */
  addAll(hashes: Uint32Array, count: number): void;
  isRepeated(hash: number): boolean;
  /** Occurrences of all hashes that count as repeated. */
  repeats(): number;
  total(): number;
  clear(): void;
}

export const createRepeatCounter = (bytes: number): RepeatCounter => {
  const slots = 2 ** Math.min(32, Math.floor(Math.log2(bytes)) + 2);
  const table = new Uint8Array(slots / 4);
  const mask = slots - 1;
  let repeated = 0;
  let added = 0;
  return {
    capacity: slots / 2,
    // Nothing in the loop waits for what the step before has read: the processor fetches several lines at a time.
    addAll(hashes, count) {
      for (let n = 0; n < count; n++) {
        const hash = hashes[n]!;
        const slot = (hash & mask) >>> 0;
        const other = (slot ^ (inLine(hash) & mask)) >>> 0;
        const [at, otherAt] = [slot >>> 2, other >>> 2];
        const shift = (slot & 3) << 1;
        const otherShift = (other & 3) << 1;
        const found = (table[at]! >>> shift) & 3;
        if (found < 2) table[at]! += 1 << shift;
        const foundOther = (table[otherAt]! >>> otherShift) & 3;
        if (foundOther < 2) table[otherAt]! += 1 << otherShift;
        if (found > 0 && foundOther > 0) repeated += found === 1 || foundOther === 1 ? 2 : 1;
      }
      added += count;
    },
    isRepeated(hash) {
      const slot = (hash & mask) >>> 0;
      if (((table[slot >>> 2]! >>> ((slot & 3) << 1)) & 3) < 2) return false;
      const other = (slot ^ (inLine(hash) & mask)) >>> 0;
      return ((table[other >>> 2]! >>> ((other & 3) << 1)) & 3) >= 2;
    },
    repeats: () => repeated,
    total: () => added,
    clear() {
      table.fill(0);
      repeated = 0;
      added = 0;
    },
  };
};

/** From one slot to the other, among the 256 of 64 bytes. */
const inLine = (hash: number): number => (Math.imul(hash, 0x2c1b3c6d) >>> 24) | 1;
