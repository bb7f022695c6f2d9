/**
 * A trie over UTF-16 units in typed arrays: an edge (node, unit) -> node is a slot of an open-addressing hash table, so a
 * step costs one probe whatever the alphabet. `value[node]` is the entry that ends there, or -1.
 */
export interface Trie {
  readonly mask: number;
  readonly edgeNode: Int32Array;
  readonly edgeUnit: Uint16Array;
  readonly edgeTarget: Int32Array;
  readonly value: Int32Array;
}

export const ROOT = 0;
export const NONE = -1;

const slotOf = (node: number, unit: number, mask: number) =>
  (Math.imul(node, 0x9e3779b1) ^ Math.imul(unit, 0x85ebca6b) ^ (node >>> 7)) & mask;

/** The node at the end of the edge `unit` of `node`, or -1. */
export const step = (trie: Trie, node: number, unit: number): number => {
  const { mask, edgeNode, edgeUnit, edgeTarget } = trie;
  for (let slot = slotOf(node, unit, mask); ; slot = (slot + 1) & mask) {
    const owner = edgeNode[slot]!;
    if (owner === node && edgeUnit[slot] === unit) return edgeTarget[slot]!;
    if (owner === NONE) return NONE;
  }
};

/** Builds a trie of `keys`; key `i` gets `values[i]`. Of equal keys the last one counts. */
export const buildTrie = (keys: readonly string[], values: ArrayLike<number>): Trie => {
  const units = keys.reduce((sum, key) => sum + key.length, 0);
  let size = 16;
  while (size < units * 2) size *= 2;
  const trie = {
    mask: size - 1,
    edgeNode: new Int32Array(size).fill(NONE),
    edgeUnit: new Uint16Array(size),
    edgeTarget: new Int32Array(size),
    value: new Int32Array(units + 1).fill(NONE),
  };
  let nodes = 1;
  for (let k = 0; k < keys.length; k++) {
    const key = keys[k]!;
    let node = ROOT;
    for (let i = 0; i < key.length; i++) {
      const unit = key.charCodeAt(i);
      let next = step(trie, node, unit);
      if (next === NONE) {
        let slot = slotOf(node, unit, trie.mask);
        while (trie.edgeNode[slot] !== NONE) slot = (slot + 1) & trie.mask;
        next = nodes++;
        trie.edgeNode[slot] = node;
        trie.edgeUnit[slot] = unit;
        trie.edgeTarget[slot] = next;
      }
      node = next;
    }
    trie.value[node] = values[k]!;
  }
  return { ...trie, value: trie.value.slice(0, nodes) };
};
