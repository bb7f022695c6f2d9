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
 * The 20 rounds stay. On the CPU they are 15 vector instructions an element; the mixer before them took 5; the
 * time of 8192 x 768 elements on one thread did not differ beyond the noise of a shared machine (50 to 67 ms, 55 to 78 ms
 * before, in turns), nor did that of attention with dropout. In WGSL they are 40 integer instructions an element with a
 * rotation counted as one, and 75 if a kernel cannot use both words of a block (the gradient of keys), in place of 19:
 * counted, not measured on a GPU.
 */

/** Words of attention's dropout between a query and the next one; a sequence may not be longer. */
export const dropoutRow = 2 ** 17;
const dropoutHead = 2 ** 33;

/** Elements whose word is below this uint32 are dropped. */
export const dropoutThreshold = (rate: number): number => Math.min(0xffffffff, Math.round(rate * 0x100000000));

/** 1 / (1 - rate) if an element is kept, else 0: `[size]`. */
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
