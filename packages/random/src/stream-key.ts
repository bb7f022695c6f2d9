import { checkSeed } from "./seed.ts";
import { threefry2x32 } from "./threefry.ts";

/** The 64 bits that tell a stream from every other one: two uint32. Plain data, for a message, a uniform or a file. */
export type StreamKey = readonly [key0: number, key1: number];

/**
 * What a counter is for stands in the top two bits of its high word, so that no key of a stream is ever also a number of
 * one. Positions of numbers have 00.
 */
const purpose = { index: 0x80000000, nameLength: 0xc0000000, nameUnits: 0x40000000 } as const;

/**
 * The key of the stream that `seed` and `path` name: `streamKey(1, "mask")`, `streamKey(1, "epoch", 3)`. Each part of the
 * path is a text (a purpose) or an index (a step, a row: an integer of 0 to 2^53 - 1). One name, one purpose: two uses
 * of the same path draw the same numbers.
 *
 * The seed's two words are the first key. Each part is a counter that is encrypted under the key so far, and what comes
 * out is the next key; a text is its length, then its UTF-16 units, three at a time. Different parts of one kind and
 * size therefore never meet, and others do as rarely as 64 random bits: once in about 2^32 keys.
 */
export const streamKey = (seed: number, ...path: (string | number)[]): StreamKey => {
  checkSeed("streamKey", seed);
  return subKey([seed >>> 0, Math.floor(seed / 2 ** 32)], ...path);
};

/** The key of a stream below that of `key`: `subKey(streamKey(1, "epoch"), 3)` is `streamKey(1, "epoch", 3)`. */
export const subKey = (key: StreamKey, ...path: (string | number)[]): StreamKey => {
  const words = Uint32Array.of(...key);
  for (const part of path) {
    if (typeof part === "string") absorbName(words, part);
    else {
      checkIndex(part);
      absorbIndex(words[0]!, words[1]!, part, words);
    }
  }
  return [words[0]!, words[1]!];
};

/**
 * A seed of its own for a function that takes a seed and names its streams itself: `subSeed(seed, "evaluation")` is 53 bits
 * of `streamKey(seed, "evaluation")`.
 */
export const subSeed = (seed: number, ...path: (string | number)[]): number => {
  const [low, high] = streamKey(seed, ...path);
  return (high & 0x1fffff) * 2 ** 32 + low;
};

/** Writes the key below (key0, key1) for an index to `out: [2]`. Unchecked, and nothing is allocated. */
export const absorbIndex = (key0: number, key1: number, index: number, out: Uint32Array): void =>
  threefry2x32(key0, key1, index | 0, purpose.index | Math.floor(index / 2 ** 32), out);

const absorbName = (key: Uint32Array, name: string): void => {
  threefry2x32(key[0]!, key[1]!, name.length, purpose.nameLength, key);
  // Beyond the end there are zeros, which the length tells from units that are 0.
  const unit = (i: number) => (i < name.length ? name.charCodeAt(i) : 0);
  for (let i = 0; i < name.length; i += 3)
    threefry2x32(key[0]!, key[1]!, unit(i) | (unit(i + 1) << 16), purpose.nameUnits | unit(i + 2), key);
};

const checkIndex = (index: number): void => {
  if (Number.isSafeInteger(index) && index >= 0) return;
  throw new RangeError(
    `streamKey: expected each part of the path to be a text or an integer of 0 to 2^53 - 1, got ${index}; pass such a one`,
  );
};
