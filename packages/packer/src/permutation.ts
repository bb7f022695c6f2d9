import { mix32, streams } from "./random.ts";

const rounds = 6;

/**
 * A pseudo-random permutation of 0 ... size - 1 in no memory: a Feistel network over the next power of four, walked until
 * it lands inside. A pure function of (size, seed, epoch).
 */
export function permutation(size: number, seed: number, epoch: number): (index: number) => number {
  const halfBits = Math.max(1, Math.ceil(Math.log2(Math.max(2, size)) / 2));
  const half = 2 ** halfBits;
  const keys = Array.from({ length: rounds }, (_, round) =>
    mix32(mix32(mix32(seed ^ 0x6a09e667) + streams.epochShuffle) + mix32(epoch * rounds + round)),
  );
  const step = (x: number) => {
    let left = Math.floor(x / half);
    let right = x % half;
    for (const key of keys) [left, right] = [right, (left ^ mix32(right ^ key)) & (half - 1)];
    return left * half + right;
  };
  return (index) => {
    let x = step(index);
    while (x >= size) x = step(x);
    return x;
  };
}
