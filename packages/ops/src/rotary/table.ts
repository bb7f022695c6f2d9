const tables = new Map<string, Float32Array>();

/**
 * `[positions, headDim]`, a row [cos t_0, ..., sin t_0, ...] with t_i = position * base^(-2i / headDim), computed in float64.
 * One table a head size and base is kept, as long as it was ever needed; a shorter one is its beginning.
 */
export const rotaryTable = (positions: number, headDim: number, base = 10000): Float32Array => {
  const key = `${headDim} ${base}`;
  const known = tables.get(key);
  const table = known && known.length >= positions * headDim ? known : makeTable(positions, headDim, base);
  tables.set(key, table);
  return table.subarray(0, positions * headDim);
};

const makeTable = (positions: number, headDim: number, base: number): Float32Array => {
  const half = headDim / 2;
  return Float32Array.from({ length: positions * headDim }, (_, at) => {
    const i = at % headDim;
    const angle = Math.floor(at / headDim) * base ** (-(i % half) / half);
    return i < half ? Math.cos(angle) : Math.sin(angle);
  });
};
