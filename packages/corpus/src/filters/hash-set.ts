/** A growing set of 64-bit hashes, given as two halves: 8 bytes an entry, at least half of the table in use after growth. */
export interface HashSet {
  /** False if the hash was in it already. */
  add(high: number, low: number): boolean;
  has(high: number, low: number): boolean;
  readonly size: number;
}

export const createHashSet = (): HashSet => {
  let table = new Uint32Array(1 << 11); // pairs; (0, 0) is an empty place
  let mask = table.length / 2 - 1;
  let size = 0;

  /** The place of a hash, or of the gap where it belongs. */
  const find = (high: number, low: number): number => {
    let place = (low ^ Math.imul(high, 0x9e3779b1)) & mask;
    for (; ; place = (place + 1) & mask) {
      const [a, b] = [table[2 * place] as number, table[2 * place + 1] as number];
      if ((a === high && b === low) || (a === 0 && b === 0)) return place;
    }
  };
  const grow = () => {
    const old = table;
    table = new Uint32Array(old.length * 2);
    mask = table.length / 2 - 1;
    for (let index = 0; index < old.length; index += 2) {
      const [high, low] = [old[index] as number, old[index + 1] as number];
      if (high !== 0 || low !== 0) table.set([high, low], 2 * find(high, low));
    }
  };
  return {
    add(high, low) {
      const [a, b] = nonZero(high, low);
      const place = find(a, b);
      if (table[2 * place] !== 0 || table[2 * place + 1] !== 0) return false;
      table[2 * place] = a;
      table[2 * place + 1] = b;
      if (++size > 0.7 * (mask + 1)) grow();
      return true;
    },
    has(high, low) {
      const [a, b] = nonZero(high, low);
      const place = find(a, b);
      return table[2 * place] !== 0 || table[2 * place + 1] !== 0;
    },
    get size() {
      return size;
    },
  };
};

const nonZero = (high: number, low: number): [number, number] => [high >>> 0, high === 0 && low === 0 ? 1 : low >>> 0];
