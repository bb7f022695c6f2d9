/**
 * Counter-based randomness: every number is a pure function of (seed, stream, position, index), so a resumed run draws
 * what the uninterrupted one would have drawn, on any number of threads.
 */

/** What the draws are for. Two purposes never share numbers, whatever the seed. */
export const streams = { mask: 1, tokenDrop: 2, rowShuffle: 3, epochShuffle: 4 } as const;

const golden = 0x9e3779b9;

/** A bijection of uint32 in which every input bit flips every output bit half of the time ("lowbias32" by C. Wellons). */
export function mix32(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return (x ^ (x >>> 15)) >>> 0;
}

export interface Draws {
  /** Starts the sequence that belongs to `position`, an integer of 0 to 2^53. */
  seek(position: number): void;
  /** The next number of the sequence, a uint32. */
  uint32(): number;
  /** The next number of the sequence, scaled to an integer in [0, limit). */
  below(limit: number): number;
}

/** The sequences of draws of one (seed, stream), one sequence per position. */
export function createDraws(seed: number, stream: number): Draws {
  // Two words of key: 64 bits keep the sequences of billions of positions apart.
  const seedKey0 = mix32(mix32(seed ^ golden) + stream);
  const seedKey1 = mix32(mix32(seed + 0x85ebca6b) ^ Math.imul(stream, 0xc2b2ae35));
  let key0 = 0;
  let key1 = 0;
  let index = 0;
  const uint32 = () => {
    index = (index + golden) | 0;
    return mix32(mix32(key0 + index) ^ key1);
  };
  return {
    seek(position) {
      const low = position >>> 0;
      const high = Math.floor(position / 2 ** 32) >>> 0;
      key0 = mix32(seedKey0 ^ mix32(low + mix32(high + 1)));
      key1 = mix32(seedKey1 + mix32(low ^ mix32(high ^ 0x27d4eb2f)));
      index = 0;
    },
    uint32,
    // The product is exact (below 2^53); the bias of scaling is below limit / 2^32.
    below: (limit) => Math.floor((uint32() * limit) / 2 ** 32),
  };
}
