import { fillBits, type StreamKey } from "@cramkit/random";

/** 1 or -1 with equal probability: `[count]`. Sign i is bit i mod 32 of word i / 32 of the stream. */
export const randomSigns = (key: StreamKey, count: number): Float32Array => {
  const words = new Uint32Array(Math.ceil(count / 32));
  fillBits(key, words);
  const signs = new Float32Array(count);
  for (let i = 0; i < count; i++) signs[i] = (words[i >>> 5]! >>> (i & 31)) & 1 ? -1 : 1;
  return signs;
};
