/**
 * The 256 values in [-1, 1], or in [0, 1], that 8 bits of a moment stand for, in rising order: the dynamic map of Dettmers et al.
 * (arXiv 2110.02861) as bitsandbytes builds it. In the decade that ends at 10^-e, with e of 0 to 6, lie `2^(6 - e)` values of
 * each sign, or `2^(7 - e)` without signs, at the middles of equal parts; 0 and 1 complete them.
 */
export const dynamicMap = (signed: boolean): Float32Array => {
  const values = [0, 1];
  for (let decade = 0; decade < 7; decade++) {
    const parts = 2 ** (signed ? decade : decade + 1);
    for (let part = 0; part < parts; part++) {
      const value = 10 ** (decade - 6) * (0.1 + (0.9 * (part + 0.5)) / parts);
      values.push(value);
      if (signed) values.push(-value);
    }
  }
  return Float32Array.from(values).sort();
};

/**
 * The 255 borders between the values of a map: a number has the code of as many borders as are at most as large as it. They lie
 * in the middle, but for the one below 0, which is 0: a negative moment stays negative, as in bitsandbytes.
 */
export const bordersOf = (map: Float32Array): Float32Array =>
  map.subarray(1).map((value, i) => (value === 0 ? 0 : (map[i]! + value) / 2));
