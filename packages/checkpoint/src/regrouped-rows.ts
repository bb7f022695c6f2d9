import { fault } from "@cramkit/errors";
import { formatShape, type TensorEntry } from "./tensor-entry.ts";

/** The rows of a tensor, grouped `[outer, inner, ...]`, by `[inner, outer, ...]`. */
export const regroupedRows = (
  tensor: TensorEntry,
  [outer, inner]: readonly [outer: number, inner: number],
  place?: string,
): TensorEntry => {
  const { name, shape, data } = tensor;
  if (shape.length === 0 || shape[0]! % (outer * inner) !== 0) {
    throw fault({
      code: "invalid-argument",
      ...(place && { place }),
      problem: `expected ${name} to have rows for ${outer} times ${inner} groups, got ${formatShape(shape)}`,
      remedy: "take the configuration that belongs to these weights: its number of heads counts",
      type: RangeError,
    });
  }
  const size = data.length / (outer * inner);
  const out = data.slice();
  for (let i = 0; i < outer; i++)
    for (let j = 0; j < inner; j++) {
      const from = (i * inner + j) * size;
      out.set(data.subarray(from, from + size) as never, (j * outer + i) * size);
    }
  return { ...tensor, data: out };
};
