/*
 * Counter-based dropout: whether element `i` is kept is a pure function of (seed, stream, i), so the mask is the same
 * forward, backward, on every backend and after a resume, and is never stored. Everything is uint32 arithmetic:
 *
 *   mix(x):    x ^= x >> 16; x *= 0x7feb352d; x ^= x >> 15; x *= 0x846ca68b; x ^= x >> 16
 *   keys:      k0 = mix(seed ^ mix(stream + 0x9e3779b9)), k1 = mix(k0 + 0x85ebca6b)
 *   hash(i):   mix(mix(i ^ k0) + k1)
 *   keep(i):   hash(i) >= round(rate * 2^32)
 *
 * The multipliers are those of Chris Wellons' lowbias32.
 */

const mix = (value: number): number => {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
};

/** The two uint32 keys of (seed, stream). */
export const dropoutKeys = (seed: number, stream: number): [number, number] => {
  const k0 = mix(seed ^ mix(stream + 0x9e3779b9));
  return [k0, mix(k0 + 0x85ebca6b)];
};

/** uint32 hash of position `i` under `keys`. */
export const dropoutHash = ([k0, k1]: readonly [number, number], i: number): number => mix(mix(i ^ k0) + k1);

/** Elements whose hash is below this uint32 are dropped. */
export const dropoutThreshold = (rate: number): number => Math.min(0xffffffff, Math.round(rate * 0x100000000));

/** 1 / (1 - rate) where element `i` of `size` is kept, else 0. */
export const dropoutMask = (size: number, rate: number, seed: number, stream: number): Float32Array => {
  const keys = dropoutKeys(seed, stream);
  const threshold = dropoutThreshold(rate);
  const scale = 1 / (1 - rate);
  return Float32Array.from({ length: size }, (_, i) => (dropoutHash(keys, i) >= threshold ? scale : 0));
};
