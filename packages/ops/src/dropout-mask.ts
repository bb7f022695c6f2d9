import { fillBits, type StreamKey } from "@cramkit/random";

/*
 * Counter-based dropout: whether an element is kept is a pure function of (key, place of the element), so the mask is the
 * same forward, backward, on every backend and after a resume, and is never stored. The kernels restate Threefry-2x32
 * with its 20 rounds, and the conformance cases hold them to the bits of @cramkit/random.
 *
 *   dropout:    element i of the tensor has word i of the stream
 *   attention:  the probability of (batch b, head h, query q, key k) has word 2^17 q + k of counters whose high word is
 *               b * heads + h, so that no place repeats however large batch and heads are, and four neighbouring keys
 *               share two blocks
 *   kept:       word >= round(rate * 2^32)
 *
 * On the CPU the 20 rounds are 15 vector instructions an element where the mixer before them took 5. On a GPU they are 40
 * integer instructions (counted in the WGSL; 75 where a kernel cannot use both words of a block) in place of 14. Neither
 * is much beside the products of a step, so there is no variant with 13 rounds.
 */

/** Words of attention's dropout between a query and the next one; a sequence may not be longer. */
export const dropoutRow = 2 ** 17;
const dropoutHead = 2 ** 33;

/** Elements whose word is below this uint32 are dropped. */
export const dropoutThreshold = (rate: number): number => Math.min(0xffffffff, Math.round(rate * 0x100000000));

/** 1 / (1 - rate) where an element is kept, else 0: `[size]`. */
export const dropoutMask = (size: number, rate: number, key: StreamKey): Float32Array => {
  const words = new Uint32Array(size);
  fillBits(key, words);
  return factors(words, rate);
};

/** The same of attention's probabilities: `[batch, heads, seq, seq]`. */
export const attentionDropoutMask = (
  [batch, heads, seq]: readonly [batch: number, heads: number, seq: number],
  rate: number,
  key: StreamKey,
): Float32Array => {
  const words = new Uint32Array(batch * heads * seq * seq);
  for (let row = 0; row < batch * heads * seq; row++) {
    const first = Math.floor(row / seq) * dropoutHead + (row % seq) * dropoutRow;
    fillBits(key, words.subarray(row * seq, (row + 1) * seq), { first });
  }
  return factors(words, rate);
};

const factors = (words: Uint32Array, rate: number): Float32Array => {
  const threshold = dropoutThreshold(rate);
  const scale = 1 / (1 - rate);
  return Float32Array.from(words, (word) => (word >= threshold ? scale : 0));
};
