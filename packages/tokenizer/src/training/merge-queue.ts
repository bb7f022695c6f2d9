import { growInt32 } from "./growable.ts";
import type { PairTable } from "./pair-table.ts";

export interface QueuedMerge {
  pair: number;
  count: number;
  /** First cell of the words in which the pair was seen. */
  head: number;
}

/** Largest count first; of equal counts the pair with the smaller left id, then the smaller right id. */
export const mergeQueue = (pairs: PairTable) => {
  const heap: number[] = [];
  const entryPair = growInt32(1 << 16);
  const entryHead = growInt32(1 << 16);
  const counts: number[] = [];
  const free: number[] = [];

  const before = (a: number, b: number) => {
    if (counts[a] !== counts[b]) return counts[a]! > counts[b]!;
    const p = entryPair.data[a]!;
    const q = entryPair.data[b]!;
    if (pairs.left[p] !== pairs.left[q]) return pairs.left[p]! < pairs.left[q]!;
    return pairs.right[p]! < pairs.right[q]!;
  };

  return {
    push(pair: number, count: number, head: number) {
      const entry = free.pop() ?? counts.length;
      counts[entry] = count;
      entryPair.set(entry, pair);
      entryHead.set(entry, head);
      let i = heap.length;
      heap.push(entry);
      while (i > 0) {
        const parent = (i - 1) >> 1;
        if (!before(entry, heap[parent]!)) break;
        heap[i] = heap[parent]!;
        i = parent;
      }
      heap[i] = entry;
    },
    pop(): QueuedMerge | undefined {
      const entry = heap[0];
      if (entry === undefined) return undefined;
      const last = heap.pop()!;
      const size = heap.length;
      if (size > 0) {
        let i = 0;
        for (let child = 1; child < size; child = 2 * i + 1) {
          if (child + 1 < size && before(heap[child + 1]!, heap[child]!)) child++;
          if (!before(heap[child]!, last)) break;
          heap[i] = heap[child]!;
          i = child;
        }
        heap[i] = last;
      }
      free.push(entry);
      return { pair: entryPair.data[entry]!, count: counts[entry]!, head: entryHead.data[entry]! };
    },
  };
};
