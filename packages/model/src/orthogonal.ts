import { fillNormal, type StreamKey } from "@cramkit/random";

/**
 * A random matrix `[rows, columns]` whose shorter side is orthonormal, times sqrt(rows / columns): the start of automatic
 * gradient descent (Bernstein et al.). Gram-Schmidt, twice for each vector, in float64.
 */
export const orthogonal = (rows: number, columns: number, key: StreamKey): Float32Array => {
  const vectors = Math.min(rows, columns);
  const length = Math.max(rows, columns);
  const basis = new Float64Array(vectors * length);
  fillNormal(key, basis);
  for (let i = 0; i < vectors; i++) {
    const vector = basis.subarray(i * length, (i + 1) * length);
    for (let pass = 0; pass < 2; pass++) {
      for (let j = 0; j < i; j++) {
        const other = basis.subarray(j * length, (j + 1) * length);
        let dot = 0;
        for (let k = 0; k < length; k++) dot += vector[k]! * other[k]!;
        for (let k = 0; k < length; k++) vector[k]! -= dot * other[k]!;
      }
    }
    let square = 0;
    for (let k = 0; k < length; k++) square += vector[k]! ** 2;
    for (let k = 0; k < length; k++) vector[k]! /= Math.sqrt(square);
  }
  const gain = Math.sqrt(rows / columns);
  const values = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const at = rows <= columns ? row * length + column : column * length + row;
      values[row * columns + column] = gain * basis[at]!;
    }
  }
  return values;
};
