/** Pairs of token ids, numbered as they are first asked for, with what training keeps of each. */
export interface PairTable {
  left: Int32Array;
  right: Int32Array;
  count: Float64Array;
  /** First cell of the list of words that are waiting to be queued with this pair, or -1. */
  head: Int32Array;
  /** The number of the pair; a new pair gets the next one. */
  find(left: number, right: number): number;
}

const hash = (left: number, right: number) => {
  const h = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
  return h ^ (h >>> 15);
};

export function pairTable(): PairTable {
  let capacity = 1 << 16;
  let size = 0;
  let mask = capacity * 2 - 1;
  let slots = new Int32Array(capacity * 2).fill(-1);

  const grow = (table: PairTable) => {
    capacity *= 2;
    const wider = <T extends Int32Array | Float64Array>(old: T, fresh: T) => {
      fresh.set(old);
      return fresh;
    };
    table.left = wider(table.left, new Int32Array(capacity));
    table.right = wider(table.right, new Int32Array(capacity));
    table.count = wider(table.count, new Float64Array(capacity));
    table.head = wider(table.head, new Int32Array(capacity).fill(-1));
    mask = capacity * 2 - 1;
    slots = new Int32Array(capacity * 2).fill(-1);
    for (let pair = 0; pair < size; pair++) {
      let slot = hash(table.left[pair]!, table.right[pair]!) & mask;
      while (slots[slot] !== -1) slot = (slot + 1) & mask;
      slots[slot] = pair;
    }
  };

  return {
    left: new Int32Array(capacity),
    right: new Int32Array(capacity),
    count: new Float64Array(capacity),
    head: new Int32Array(capacity).fill(-1),
    find(left, right) {
      let slot = hash(left, right) & mask;
      for (let pair = slots[slot]!; pair !== -1; pair = slots[slot]!) {
        if (this.left[pair] === left && this.right[pair] === right) return pair;
        slot = (slot + 1) & mask;
      }
      if (size === capacity) {
        grow(this);
        return this.find(left, right);
      }
      slots[slot] = size;
      this.left[size] = left;
      this.right[size] = right;
      return size++;
    },
  };
}
