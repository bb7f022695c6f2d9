import { checkOptions, fault } from "@cramkit/errors";
import { type Found, keepBest } from "./best.ts";
import { innerProduct } from "./inner-product.ts";

export interface SearchOptions {
  /** At most. @defaultValue `10` */
  top?: number;
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
  const best = keepBest<Item>(topOf("search", options));
  for (const item of items) {
    if (item.vector.length !== query.length)
      throw otherLength("search", `got one of ${item.vector.length}`, query.length);
    best.add(item, innerProduct(item.vector, query));
  }
  return best.found();
};

/**
 * `search` over the rows of a matrix: what it finds are their indices.
 *
 * @param rows `[count, hidden]`
 * @param query `[hidden]`, from the model that made the rows
 * @throws a fault `invalid-input` over rows of another length, which another model has made
 */
export const searchRows = (rows: Float32Array, query: Float32Array, options: SearchOptions = {}): Found<number>[] => {
  const best = keepBest<number>(topOf("searchRows", options));
  const { length } = query;
  if (length === 0 || rows.length % length !== 0)
    throw otherLength("searchRows", `got ${rows.length} numbers, which is not a whole number of them`, length);
  for (let row = 0; row < rows.length / length; row++) {
    const score = innerProduct(rows, query, row * length);
    if (best.takes(score)) best.add(row, score);
  }
  return best.found();
};

const topOf = (place: string, options: SearchOptions): number => {
  checkOptions(place, options, { top: true });
  const { top = 10 } = options;
  if (Number.isInteger(top) && top >= 1) return top;
  throw fault({
    code: "invalid-argument",
    place,
    problem: `expected top to be a whole number above 0, got ${top}`,
    type: RangeError,
  });
};

const otherLength = (place: string, got: string, length: number) =>
  fault({
    code: "invalid-input",
    place,
    problem: `expected vectors of ${length} numbers, as the query has, ${got}`,
    remedy: "embed the query with the model that made them",
    type: RangeError,
  });
