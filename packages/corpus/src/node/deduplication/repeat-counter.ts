/**
 * Which hashes occurred at least twice: two bits a slot, of which there are `bytes * 4`. Different hashes may share a
 * slot and then count as repeated; a hash that was repeated is always found.
 */
export interface RepeatCounter {
  readonly slots: number;
  add(hash: number): void;
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
    slots,
    add(hash) {
      const slot = (hash & mask) >>> 0;
      const shift = (slot & 3) << 1;
      const cell = table[slot >>> 2] as number;
      const count = (cell >>> shift) & 3;
      if (count < 2) table[slot >>> 2] = cell + (1 << shift);
      if (count >= 1) repeated += count === 1 ? 2 : 1;
      added++;
    },
    isRepeated(hash) {
      const slot = (hash & mask) >>> 0;
      return (((table[slot >>> 2] as number) >>> ((slot & 3) << 1)) & 3) >= 2;
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
