import { createDraws } from "./draws.ts";
import type { StreamKey } from "./stream-key.ts";
import { threefry2x32 } from "./threefry.ts";

const rounds = 8;
/** Up to here a table: over so few bits the network's pairs of images are not even (seen at sizes 4 to 8). */
const largestTable = 256;

/**
 * A pseudo-random permutation of 0 ... size - 1 in constant memory: gives the image of an index. A Feistel network over the
 * next power of two, walked until it lands inside (twice on average at worst). `size` is an integer of 0 to 2^53.
 *
 * Throws a RangeError for an index outside of the permutation.
 */
export const permutation = (key: StreamKey, size: number): ((index: number) => number) => {
  if (!(Number.isInteger(size) && size >= 0 && size <= 2 ** 53))
    throw new RangeError(`permutation: expected a size that is an integer of 0 to 2^53, got ${size}`);
  const imageOf = size <= largestTable ? tableImage(key, size) : networkImage(key, size);
  return (index) => {
    if (!(Number.isSafeInteger(index) && index >= 0 && index < size))
      throw new RangeError(`permutation: expected an index of 0 to ${size - 1}, got ${index}`);
    return imageOf(index);
  };
};

const tableImage = (key: StreamKey, size: number): ((index: number) => number) => {
  const order = shuffledIndices(key, size);
  return (index) => order[index]!;
};

const networkImage = ([key0, key1]: StreamKey, size: number): ((index: number) => number) => {
  const bits = bitsFor(size);
  // The two parts of an index take turns: each is XORed with a hash of the other, so they may differ in width.
  const lowBits = Math.ceil(bits / 2);
  const lowSize = 2 ** lowBits;
  const lowMask = lowSize - 1;
  const highMask = 2 ** (bits - lowBits) - 1;
  const words = new Uint32Array(2);
  const hash = (round: number, part: number): number => {
    threefry2x32(key0, key1, part, round, words);
    return words[0]!;
  };
  const step = (x: number): number => {
    let low = x % lowSize;
    let high = Math.floor(x / lowSize);
    for (let round = 0; round < rounds; round += 2) {
      low ^= hash(round, high) & lowMask;
      high ^= hash(round + 1, low) & highMask;
    }
    return high * lowSize + low;
  };
  return (index) => {
    let x = step(index);
    while (x >= size) x = step(x);
    return x;
  };
};

/** A random order of 0 ... length - 1, every one equally likely (Fisher and Yates): `[length]`, which is at most 2^32. */
export const shuffledIndices = (key: StreamKey, length: number): Uint32Array => {
  const draws = createDraws(key);
  const order = new Uint32Array(length);
  for (let i = 1; i < length; i++) {
    const j = draws.below(i + 1);
    order[i] = order[j]!;
    order[j] = i;
  }
  return order;
};

/** The least `bits` with 2^bits >= size. */
const bitsFor = (size: number): number => {
  let bits = 0;
  while (2 ** bits < size) bits++;
  return bits;
};
