import { float64Of, scaled } from "./from-bits.ts";
import { absorbIndex, type StreamKey } from "./stream-key.ts";
import { threefry2x32 } from "./threefry.ts";

/**
 * Numbers drawn one after the other, in a sequence of its own for every position: for work that takes an unknown number of
 * draws an item. The sequence at a position is that of the stream `subKey(key, position)`. Nothing is allocated.
 */
export interface Draws {
  /** Starts the sequence at `position`, an integer of 0 to 2^53 - 1 (else a RangeError). */
  seek(position: number): void;
  /** The next 32 bits: a uint32. */
  bits(): number;
  /** Uniform among the integers 0 to `limit` - 1, without bias: draws again if it must. `limit` is at most 2^32. */
  below(limit: number): number;
  /** Uniform in [0, 1), a multiple of 2^-53, of the next 64 bits. */
  float64(): number;
}

/** The draws of the stream with this key, at position 0 until `seek` is called. */
export const createDraws = (key: StreamKey): Draws => {
  const own = new Uint32Array(2);
  const words = new Uint32Array(2);
  let block = 0;
  let used = 2;

  const seek = (position: number): void => {
    if (!(Number.isSafeInteger(position) && position >= 0))
      throw new RangeError(`seek: expected a position that is an integer of 0 to 2^53 - 1, got ${position}`);
    absorbIndex(key[0], key[1], position, own);
    block = 0;
    used = 2;
  };
  const bits = (): number => {
    if (used === 2) {
      threefry2x32(own[0]!, own[1]!, block | 0, Math.floor(block / 2 ** 32), words);
      block++;
      used = 0;
    }
    return words[used++]!;
  };
  const below = (limit: number): number => {
    let value = scaled(bits(), limit);
    while (value < 0) value = scaled(bits(), limit);
    return value;
  };

  seek(0);
  return {
    seek,
    bits,
    below,
    float64: () => {
      const low = bits();
      return float64Of(low, bits());
    },
  };
};
