/**
 * The inner product of a vector with a row of a matrix. Four sums, which do not wait for each other: it is as fast as memory.
 *
 * @param query `[hidden]`
 * @param at Where the row begins.
 */
export const innerProduct = (rows: Float32Array, query: Float32Array, at = 0): number => {
  const { length } = query;
  const whole = length - (length % 4);
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let i = 0; i < whole; i += 4) {
    a += rows[at + i]! * query[i]!;
    b += rows[at + i + 1]! * query[i + 1]!;
    c += rows[at + i + 2]! * query[i + 2]!;
    d += rows[at + i + 3]! * query[i + 3]!;
  }
  for (let i = whole; i < length; i++) a += rows[at + i]! * query[i]!;
  return a + b + (c + d);
};
