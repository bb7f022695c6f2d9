/**
 * The pairs of documents that agree in one band: each document with the first one of its bucket. A band needs no other:
 * bands can be the work of as many tasks.
 *
 * @param keys 64 bits a document, as two halves, in the order of the documents
 * @param documents their numbers, ascending
 * @returns `[first, other, first, other, ...]`
 */
export const bandPairs = (keys: Uint32Array, documents: Uint32Array): Uint32Array => {
  const order = Uint32Array.from(documents, (_, index) => index).sort((a, b) => {
    const high = (keys[2 * a] as number) - (keys[2 * b] as number);
    return high || (keys[2 * a + 1] as number) - (keys[2 * b + 1] as number) || a - b;
  });
  const pairs: number[] = [];
  let first = 0;
  for (const index of order) {
    const isEqual = keys[2 * index] === keys[2 * first] && keys[2 * index + 1] === keys[2 * first + 1];
    if (index !== first && isEqual) pairs.push(documents[first] as number, documents[index] as number);
    else first = index;
  }
  return Uint32Array.from(pairs);
};

/** Documents that are near-duplicates of one another, directly or by way of others. */
export interface Clusters {
  /** Takes in pairs, in any order. */
  join(pairs: Uint32Array): void;
  /** The lowest number in the cluster of a document: itself if it is to be kept. */
  firstOf(document: number): number;
}

/** Clusters of documents with the numbers 0 to `count` - 1: union and find, 4 bytes a document. */
export const createClusters = (count: number): Clusters => {
  const parents = Uint32Array.from({ length: count }, (_, index) => index);
  const firstOf = (document: number): number => {
    let root = document;
    while (parents[root] !== root) root = parents[root] as number;
    for (let at = document; at !== root; ) {
      const next = parents[at] as number;
      parents[at] = root;
      at = next;
    }
    return root;
  };
  return {
    firstOf,
    join(pairs) {
      for (let index = 0; index < pairs.length; index += 2) {
        const [a, b] = [firstOf(pairs[index] as number), firstOf(pairs[index + 1] as number)];
        // The lower one is the root, whatever the order of the pairs.
        parents[Math.max(a, b)] = Math.min(a, b);
      }
    },
  };
};
