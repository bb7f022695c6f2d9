export type Mixer = (key0: number, key1: number, counter0: number, counter1: number, out: Uint32Array) => void;

/** Threefry-2x32 as in the paper, with rounds, rotations and parity constant to be broken by a test. */
export const threefryWith =
  ({ rounds = 20, rotations = [13, 15, 26, 6, 17, 29, 16, 24], parity = 0x1bd11bda, injectCount = true }): Mixer =>
  (key0, key1, counter0, counter1, out) => {
    const keys = [key0, key1, parity ^ key0 ^ key1];
    let x = (counter0 + key0) | 0;
    let y = (counter1 + key1) | 0;
    for (let round = 0; round < rounds; round++) {
      const by = rotations[round % 8]!;
      x = (x + y) | 0;
      y = (by === 0 ? y : (y << by) | (y >>> (32 - by))) ^ x;
      if (round % 4 !== 3) continue;
      const group = (round + 1) / 4;
      x = (x + keys[group % 3]!) | 0;
      y = (y + keys[(group + 1) % 3]! + (injectCount ? group : 0)) | 0;
    }
    out[0] = x;
    out[1] = y;
  };

/**
 * The largest deviation, in standard deviations, from one flip in two among the 128 x 64 pairs of a bit of key or
 * counter and a bit of output. The inputs are small numbers, as keys and counters are in use.
 */
export const worstAvalanche = (mixer: Mixer, samples: number): number => {
  const flips = new Float64Array(128 * 64);
  const plain = new Uint32Array(2);
  const flipped = new Uint32Array(2);
  const input = [0, 0, 0, 0];
  for (let sample = 0; sample < samples; sample++) {
    for (let bit = 0; bit < 128; bit++) {
      input.splice(0, 4, sample & 7, sample >>> 9, sample, 0);
      mixer(input[0]!, input[1]!, input[2]!, input[3]!, plain);
      input[bit >> 5]! ^= 1 << (bit & 31);
      mixer(input[0]!, input[1]!, input[2]!, input[3]!, flipped);
      for (let word = 0; word < 2; word++) {
        const difference = plain[word]! ^ flipped[word]!;
        for (let i = 0; i < 32; i++) flips[bit * 64 + word * 32 + i]! += (difference >>> i) & 1;
      }
    }
  }
  return flips.reduce((worst, count) => Math.max(worst, Math.abs(count - samples / 2)), 0) / Math.sqrt(samples / 4);
};
