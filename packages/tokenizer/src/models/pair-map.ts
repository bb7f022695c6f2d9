/** From a pair of ids to the rank of its merge and the id of the result, in typed arrays with open addressing. */
export interface PairMap {
  set(left: number, right: number, rank: number, id: number): void;
  /** A slot for `rank` and `id`, or -1. */
  find(left: number, right: number): number;
  readonly rank: Int32Array;
  readonly id: Int32Array;
}

export const pairMap = (capacity: number): PairMap => {
  let size = 16;
  while (size < capacity * 2) size *= 2;
  const mask = size - 1;
  const lefts = new Int32Array(size).fill(-1);
  const rights = new Int32Array(size);
  const rank = new Int32Array(size);
  const id = new Int32Array(size);
  const slotOf = (left: number, right: number) => {
    const hash = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
    let slot = (hash ^ (hash >>> 15)) & mask;
    while (lefts[slot] !== -1 && (lefts[slot] !== left || rights[slot] !== right)) slot = (slot + 1) & mask;
    return slot;
  };
  return {
    rank,
    id,
    set(left, right, mergeRank, mergeId) {
      const slot = slotOf(left, right);
      lefts[slot] = left;
      rights[slot] = right;
      rank[slot] = mergeRank;
      id[slot] = mergeId;
    },
    find(left, right) {
      const slot = slotOf(left, right);
      return lefts[slot] === -1 ? -1 : slot;
    },
  };
};
