/**
 * 32 random bits, a pure function of (seed, stream, position): murmur3's finalizer over the three words. Nothing is
 * consumed, so a resumed run draws what the uninterrupted one drew.
 */
export function randomBits(seed: number, stream: number, position: number): number {
  let bits = mix((seed >>> 0) + 0x9e3779b9);
  bits = mix(bits ^ Math.imul(stream + 0x7f4a7c15, 0x85ebca6b));
  return mix(bits ^ Math.imul(position + 0x165667b1, 0xc2b2ae35));
}

/** A uniform integer in `[0, bound)`; its bias is below `bound / 2^32`. */
function randomBelow(bound: number, seed: number, stream: number, position: number): number {
  return Math.floor((randomBits(seed, stream, position) / 0x1_0000_0000) * bound);
}

/** A permutation of `0 .. length - 1` (Fisher-Yates). */
export function permutation(length: number, seed: number, stream: number): Uint32Array {
  const order = new Uint32Array(length);
  for (let i = 1; i < length; i++) {
    const j = randomBelow(i + 1, seed, stream, i);
    order[i] = order[j]!;
    order[j] = i;
  }
  return order;
}

function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
