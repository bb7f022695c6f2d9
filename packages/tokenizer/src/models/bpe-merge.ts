import type { PairMap } from "./pair-map.ts";

/** The symbols of a word and how many units of it each covers. */
export interface Symbols {
  ids: number[];
  widths: number[];
}

/**
 * Applies merges, the lowest rank first and of equal ranks the leftmost, until none applies. A heap of candidates over a
 * linked list: `n log n` however long the word is. Consumes `symbols`.
 */
export const mergeSymbols = (symbols: Symbols, merges: PairMap): Symbols => {
  const { ids, widths } = symbols;
  const count = ids.length;
  if (count < 2) return symbols;
  const next = Int32Array.from(ids, (_, i) => (i + 1 < count ? i + 1 : -1));
  const previous = Int32Array.from(ids, (_, i) => i - 1);
  const gone = new Uint8Array(count);
  // A candidate is rank * count + position in one number, with the slot of its merge beside it.
  const heap: number[] = [];
  const offer = (position: number) => {
    const right = next[position]!;
    if (right < 0) return;
    const slot = merges.find(ids[position]!, ids[right]!);
    if (slot >= 0) push(heap, merges.rank[slot]! * count + position);
  };
  for (let i = 0; i + 1 < count; i++) offer(i);

  for (let key = pop(heap); key !== undefined; key = pop(heap)) {
    const position = key % count;
    const right = next[position]!;
    if (gone[position] || right < 0) continue;
    const slot = merges.find(ids[position]!, ids[right]!);
    // The pair may have changed since; what stands here now counts only if it is this merge.
    if (slot < 0 || merges.rank[slot] !== (key - position) / count) continue;
    ids[position] = merges.id[slot]!;
    widths[position]! += widths[right]!;
    gone[right] = 1;
    next[position] = next[right]!;
    if (next[position]! >= 0) previous[next[position]!] = position;
    if (previous[position]! >= 0) offer(previous[position]!);
    offer(position);
  }
  const out: Symbols = { ids: [], widths: [] };
  for (let i = 0; i >= 0; i = next[i]!) {
    out.ids.push(ids[i]!);
    out.widths.push(widths[i]!);
  }
  return out;
};

const push = (heap: number[], key: number): void => {
  let i = heap.length;
  heap.push(key);
  while (i > 0) {
    const parent = (i - 1) >> 1;
    if (heap[parent]! <= key) break;
    heap[i] = heap[parent]!;
    i = parent;
  }
  heap[i] = key;
};

const pop = (heap: number[]): number | undefined => {
  const top = heap[0];
  const last = heap.pop();
  const size = heap.length;
  if (size === 0 || last === undefined) return top;
  let i = 0;
  for (let child = 1; child < size; child = 2 * i + 1) {
    if (child + 1 < size && heap[child + 1]! < heap[child]!) child++;
    if (heap[child]! >= last) break;
    heap[i] = heap[child]!;
    i = child;
  }
  heap[i] = last;
  return top;
};
