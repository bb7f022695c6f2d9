import { createDraws, type Draws } from "./draws.ts";
import { float32Of, float64Of, normalAngle, normalRadius, scaled } from "./from-bits.ts";
import type { StreamKey } from "./stream-key.ts";
import { threefry2x32 } from "./threefry.ts";

/**
 * The numbers of one stream, each a pure function of (key, position). Two neighbouring positions share a block of 64
 * bits, which is kept: reading forwards costs half as much as jumping. Nothing is allocated.
 *
 * A position is an integer of 0 to 2^53 - 1; anything else throws a RangeError.
 */
export interface RandomStream {
  readonly key: StreamKey;
  /** 32 random bits: a uint32. */
  bits(position: number): number;
  /** Uniform in [0, 1), a multiple of 2^-24: exact as float32. The upper 24 bits of `bits(position)`. */
  float32(position: number): number;
  /**
   * Uniform in [0, 1), a multiple of 2^-53. It takes the 64 bits at `2 * position` and `2 * position + 1`, so that here a
   * position is at most 2^52 - 1.
   */
  float64(position: number): number;
  /** Uniform among the integers 0 to `limit` - 1, without bias. `limit` is an integer of 1 to 2^32. */
  below(limit: number, position: number): number;
  /**
   * From the standard normal distribution (Box and Muller: two from each block, at most 6.8 in size). The bits are the same
   * everywhere; the last digits of the number are those of the engine's `Math.log`, `Math.cos` and `Math.sin`.
   */
  normal(position: number): number;
}

/** The numbers of the stream with this key: `randomStream(streamKey(seed, "mask"))`. */
export const randomStream = (key: StreamKey): RandomStream => {
  const [key0, key1] = key;
  const words = new Uint32Array(2);
  let block = -1;
  let retries: Draws | undefined;

  const load = (wanted: number): void => {
    if (wanted === block) return;
    threefry2x32(key0, key1, wanted | 0, Math.floor(wanted / 2 ** 32), words);
    block = wanted;
  };
  const bits = (position: number): number => {
    checkPosition(position, Number.MAX_SAFE_INTEGER);
    load(Math.floor(position / 2));
    return words[position % 2]!;
  };

  return {
    key,
    bits,
    float32: (position) => float32Of(bits(position)),
    float64(position) {
      checkPosition(position, 2 ** 52 - 1);
      load(position);
      return float64Of(words[0]!, words[1]!);
    },
    below(limit, position) {
      const value = scaled(bits(position), limit);
      if (value >= 0) return value;
      // Rejected, which happens with a probability below limit / 2^32: the position's own draws decide.
      retries ??= createDraws(key);
      retries.seek(position);
      return retries.below(limit);
    },
    normal(position) {
      checkPosition(position, Number.MAX_SAFE_INTEGER);
      load(Math.floor(position / 2));
      const radius = normalRadius(words[0]!);
      const angle = normalAngle(words[1]!);
      return radius * (position % 2 === 0 ? Math.cos(angle) : Math.sin(angle));
    },
  };
};

const checkPosition = (position: number, largest: number): void => {
  if (Number.isSafeInteger(position) && position >= 0 && position <= largest) return;
  throw new RangeError(`randomStream: expected a position that is an integer of 0 to ${largest}, got ${position}`);
};
