const tables = new Map<number, Float32Array>();

/**
 * `[positions, headDim]`, a row [cos t_0, ..., sin t_0, ...] with t_i = position * 10000^(-2i / headDim), computed in float64.
 * One table a head size is kept, as long as it was ever needed; a shorter one is its beginning.
 */
export const rotaryTable = (positions: number, headDim: number): Float32Array => {
  const known = tables.get(headDim);
  const table = known && known.length >= positions * headDim ? known : makeTable(positions, headDim);
  tables.set(headDim, table);
  return table.subarray(0, positions * headDim);
};

const makeTable = (positions: number, headDim: number): Float32Array => {
  const half = headDim / 2;
  return Float32Array.from({ length: positions * headDim }, (_, at) => {
    const i = at % headDim;
    const angle = Math.floor(at / headDim) * 10000 ** (-(i % half) / half);
    return i < half ? Math.cos(angle) : Math.sin(angle);
  });
};
