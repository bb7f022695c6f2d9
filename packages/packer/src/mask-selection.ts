import type { Draws } from "@cramkit/random";

/** What happens to a token. Zero: nothing, and it is not a target. */
export const fate = { none: 0, keep: 1, randomise: 2, mask: 3 } as const;

/** What the selected tokens become. With "keep" they stay as they are, and are predicted all the same. */
export type Replacement = "80/10/10" | "always-mask" | "keep";

/** Decides the fate of each token of the row at `ids[start ... start + fates.length]`; `fates` arrives all zero. */
export type SelectFates = (ids: Int32Array, start: number, fates: Uint8Array, draws: Draws) => void;

/** Rounds to the nearest integer, halves to the even one, as Python's `round` does. */
export const roundHalfEven = (x: number): number => {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
};

/** Exactly `count` of `seqLength` tokens, uniformly; whole words first if `wordStarts` is given. */
export const selectExactly = (
  count: number,
  seqLength: number,
  replacement: Replacement,
  wordStarts?: ArrayLike<number>,
): SelectFates => {
  const [masked, randomised] = {
    "80/10/10": [roundHalfEven(0.8 * count), roundHalfEven(0.9 * count)],
    "always-mask": [count, count],
    keep: [0, 0],
  }[replacement] as [number, number];
  // The k-th selected token is masked, randomised or kept by its rank k.
  const fateOf = (k: number) => (k < masked ? fate.mask : k < randomised ? fate.randomise : fate.keep);
  return wordStarts ? selectWords(count, seqLength, fateOf, wordStarts) : selectTokens(count, seqLength, fateOf);
};

const selectTokens = (count: number, seqLength: number, fateOf: (k: number) => number): SelectFates => {
  const identity = Int32Array.from({ length: seqLength }, (_, i) => i);
  const order = new Int32Array(seqLength);
  return (_ids, _start, fates, draws) => {
    order.set(identity);
    for (let k = 0; k < count; k++) {
      const pick = k + draws.below(seqLength - k);
      const position = order[pick]!;
      order[pick] = order[k]!;
      fates[position] = fateOf(k);
    }
  };
};

/**
 * Words in random order, each wholly or not at all while it fits; when none is left that fits, the skipped words give
 * their first tokens until the count is met, so that the count is exact.
 */
const selectWords = (
  count: number,
  seqLength: number,
  fateOf: (k: number) => number,
  wordStarts: ArrayLike<number>,
): SelectFates => {
  const begins = new Int32Array(seqLength + 1);
  const order = new Int32Array(seqLength);
  return (ids, start, fates, draws) => {
    const words = findWords(ids, start, seqLength, wordStarts, begins);
    for (let w = 0; w < words; w++) order[w] = w;
    let selected = 0;
    let skipped = 0; // order[0 ... skipped] are the words that did not fit
    for (let k = 0; k < words && selected < count; k++) {
      const pick = k + draws.below(words - k);
      const word = order[pick]!;
      order[pick] = order[k]!;
      if (begins[word + 1]! - begins[word]! > count - selected) order[skipped++] = word;
      else for (let i = begins[word]!; i < begins[word + 1]!; i++) fates[i] = fateOf(selected++);
    }
    for (let k = 0; k < skipped && selected < count; k++)
      for (let i = begins[order[k]!]!; i < begins[order[k]! + 1]! && selected < count; i++)
        fates[i] = fateOf(selected++);
  };
};

/** Each token (or each word, if `wordStarts` is given) on its own with probability `rate`, never an excluded id. */
export const selectIndependently = (
  rate: number,
  seqLength: number,
  replacement: Replacement,
  excluded: ReadonlySet<number>,
  wordStarts?: ArrayLike<number>,
): SelectFates => {
  const selects = (draws: Draws) => draws.bits() < rate * 2 ** 32;
  const drawFate = (draws: Draws) => {
    if (replacement !== "80/10/10") return replacement === "keep" ? fate.keep : fate.mask;
    const tenth = draws.below(10);
    return tenth < 8 ? fate.mask : tenth < 9 ? fate.randomise : fate.keep;
  };
  const begins = new Int32Array(seqLength + 1);
  return (ids, start, fates, draws) => {
    const words = wordStarts ? findWords(ids, start, seqLength, wordStarts, begins) : seqLength;
    for (let w = 0; w < words; w++) {
      const begin = wordStarts ? begins[w]! : w;
      const end = wordStarts ? begins[w + 1]! : w + 1;
      if (!selects(draws)) continue;
      for (let i = begin; i < end; i++) if (!excluded.has(ids[start + i]!)) fates[i] = drawFate(draws);
    }
  };
};

/** Writes where each word of the row begins, and the row's end, to `begins`. The first token always begins one. */
const findWords = (
  ids: Int32Array,
  start: number,
  seqLength: number,
  wordStarts: ArrayLike<number>,
  begins: Int32Array,
): number => {
  let words = 0;
  for (let i = 0; i < seqLength; i++) if (i === 0 || wordStarts[ids[start + i]!]) begins[words++] = i;
  begins[words] = seqLength;
  return words;
};
