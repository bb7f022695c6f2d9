/** What was found, with its inner product with the query. */
export interface Found<Item> {
  readonly item: Item;
  readonly score: number;
}

/** Keeps the `top` items with the highest scores; of equal ones the first that came. Memory for `2 * top`. */
export const keepBest = <Item>(top: number) => {
  let found: Found<Item>[] = [];
  let threshold = -Infinity;
  const settle = (): Found<Item>[] => {
    // A stable sort: what came first stays first.
    found = found.sort((a, b) => b.score - a.score).slice(0, top);
    if (found.length === top) threshold = found[top - 1]!.score;
    return found;
  };
  return {
    /** Whether an item of this score would be kept, if it comes now. False for NaN. */
    takes: (score: number): boolean => score > threshold,
    add(item: Item, score: number): void {
      if (!(score > threshold)) return;
      found.push({ item, score });
      if (found.length >= 2 * top) settle();
    },
    /** The best ones, the highest score first. */
    found: settle,
  };
};
