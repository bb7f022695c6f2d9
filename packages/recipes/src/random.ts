/** A uniform number in [0, 1): a pure function of (seed, stream, position), 32 bits each (Murmur3's finalizer). */
export const uniform = (seed: number, stream: number, position: number): number => {
  let h = mix(mix(mix(seed >>> 0) ^ (stream >>> 0)) ^ (position >>> 0));
  h = mix(h);
  return h / 2 ** 32;
};

/** 32 bits of a text (FNV-1a over its UTF-16 units, mixed). */
export const textHash = (text: string): number => {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return mix(h >>> 0);
};

const mix = (value: number): number => {
  let h = (value + 0x9e3779b9) >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
};

/** Streams of random numbers that a run draws from, one for each purpose. */
export const streams = {
  heldOut: 1,
  training: 2,
  evaluation: 3,
  model: 4,
  dropout: 5,
  probes: 6,
  drawnTargets: 7,
} as const;
