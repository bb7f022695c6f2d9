/**
 * Counter-based randomness: each number is a pure function of (seed, stream, position), so that nothing depends on the order
 * in which parameters are made.
 */

/** A 32-bit finalizer with good avalanche (Wellons' lowbias32). */
function mix(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

/** A uint32 from a name, so that each parameter has a stream of its own. */
export function streamOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = mix(hash ^ name.charCodeAt(i));
  return hash;
}

/** The two uint32 keys of (seed, stream). */
function keysOf(seed: number, stream: number): [number, number] {
  const key = mix(seed ^ mix(stream + 0x9e3779b9));
  return [key, mix(key + 0x85ebca6b)];
}

/** In 0 <= x < 1. */
export function randomUniform(seed: number, stream: number, position: number): number {
  const [first, second] = keysOf(seed, stream);
  return mix(mix(position ^ first) + second) / 0x100000000;
}

/** An integer in 0..limit-1. */
export function randomInteger(limit: number, seed: number, stream: number, position: number): number {
  return Math.floor(randomUniform(seed, stream, position) * limit);
}

/** `count` draws of N(0, std), by the method of Box and Muller: two from each pair of uniforms. */
export function randomNormals(count: number, std: number, seed: number, stream: number): Float32Array {
  const values = new Float32Array(count);
  const [first, second] = keysOf(seed, stream);
  for (let i = 0; i < count; i += 2) {
    const radius = std * Math.sqrt(-2 * Math.log((mix(mix(i ^ first) + second) + 0.5) / 0x100000000));
    const angle = (2 * Math.PI * mix(mix((i + 1) ^ first) + second)) / 0x100000000;
    values[i] = radius * Math.cos(angle);
    if (i + 1 < count) values[i + 1] = radius * Math.sin(angle);
  }
  return values;
}
