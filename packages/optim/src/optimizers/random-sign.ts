/** 1 or -1, a pure function of its arguments: the top bit of a 32-bit hash. */
export const signAt = (seed: number, stream: number, position: number): 1 | -1 => {
  let x =
    Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(stream + 1, 0x27d4eb2f) ^ Math.imul(position + 1, 0xc2b2ae35);
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) < 0 ? -1 : 1;
};
