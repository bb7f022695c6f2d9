/**
 * A trie over UTF-16 units in one typed array: an edge (node, unit) is a cell of an open-addressing hash table, and the node
 * that it leads to is named after the place of the cell. So a step costs one line of the cache whatever the alphabet, and
 * brings the node's value along.
 */
export interface Trie {
  readonly shift: number;
  /** Four elements a cell: the node that the edge leaves plus one, or 0 for a free cell; the unit; the value; nothing. */
  readonly cells: Int32Array;
}

export const ROOT = 0;
export const NONE = -1;

const slotOf = (node: number, unit: number, shift: number) =>
  Math.imul(node ^ Math.imul(unit, 0x85ebca6b), 0x9e3779b1) >>> shift;

/** The node at the end of the edge `unit` of `node`, or -1. */
export const step = ({ cells, shift }: Trie, node: number, unit: number): number => {
  const mask = (cells.length >> 2) - 1;
  for (let slot = slotOf(node, unit, shift); ; slot = (slot + 1) & mask) {
    const owner = cells[slot << 2]!;
    if (owner === node + 1 && cells[(slot << 2) + 1] === unit) return slot + 1;
    if (owner === 0) return NONE;
  }
};

/** The entry that ends at a node other than the root, or -1. */
export const valueAt = ({ cells }: Trie, node: number): number => cells[((node - 1) << 2) + 2]!;

/** Builds a trie of `keys`; key `i` gets `values[i]`. Of equal keys the last one counts; empty ones are left out. */
export const buildTrie = (keys: readonly string[], values: ArrayLike<number>): Trie => {
  for (let bits = 4; ; bits++) {
    if (2 ** bits < 2 * keys.length) continue;
    const trie = { shift: 32 - bits, cells: new Int32Array(4 * 2 ** bits) };
    if (fill(trie, keys, values)) return trie;
  }
};

/** False if the keys fill more than half of the cells. */
const fill = (trie: Trie, keys: readonly string[], values: ArrayLike<number>): boolean => {
  const { cells, shift } = trie;
  const mask = (cells.length >> 2) - 1;
  let left = cells.length >> 3;
  for (let k = 0; k < keys.length; k++) {
    const key = keys[k]!;
    let node = ROOT;
    for (let i = 0; i < key.length; i++) {
      const unit = key.charCodeAt(i);
      let next = step(trie, node, unit);
      if (next === NONE) {
        if (left-- === 0) return false;
        let slot = slotOf(node, unit, shift);
        while (cells[slot << 2] !== 0) slot = (slot + 1) & mask;
        cells.set([node + 1, unit, NONE], slot << 2);
        next = slot + 1;
      }
      node = next;
    }
    if (node !== ROOT) cells[((node - 1) << 2) + 2] = values[k]!;
  }
  return true;
};
