import { checkOptions, fault } from "@cramkit/errors";

export interface SearchOptions {
  /** At most. @defaultValue `10` */
  top?: number;
}

/** What was found, with its inner product with the query. */
export interface Found<Item> {
  readonly item: Item;
  readonly score: number;
}

/**
 * The items whose vectors have the largest inner products with a query's, the largest first and of equal ones the first one:
 * exact, over all of them. They are looked at once and not kept, so they may come from anywhere.
 *
 * @param query `[hidden]`, from the model that made the items' vectors
 * @throws a fault `invalid-input` over vectors of another length, which another model has made
 */
export const search = <Item extends { readonly vector: Float32Array }>(
  items: Iterable<Item>,
  query: Float32Array,
  options: SearchOptions = {},
): Found<Item>[] => {
  checkOptions("search", options, { top: true });
  const { top = 10 } = options;
  if (!Number.isInteger(top) || top < 1)
    throw fault({
      code: "invalid-argument",
      place: "search",
      problem: `expected top to be a whole number above 0, got ${top}`,
      type: RangeError,
    });
  const best: Found<Item>[] = [];
  for (const item of items) {
    const score = innerProduct(item.vector, query);
    if (best.length === top && !(score > best[top - 1]!.score)) continue;
    let at = best.length;
    while (at > 0 && score > best[at - 1]!.score) at--;
    best.splice(at, 0, { item, score });
    if (best.length > top) best.pop();
  }
  return best;
};

const innerProduct = (a: Float32Array, b: Float32Array): number => {
  if (a.length !== b.length)
    throw fault({
      code: "invalid-input",
      place: "search",
      problem: `expected vectors of ${b.length} numbers, as the query has, got one of ${a.length}`,
      remedy: "embed the query with the model that made them",
      type: RangeError,
    });
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};
