import type { WordCounts } from "./alphabet.ts";

export interface ScoredPiece {
  text: string;
  score: number;
}

/**
 * The pieces from which Unigram training starts: every character with its count, then the repeated substrings that can be
 * followed by more than one thing (the inner nodes of the suffix tree of the words, each word once), the largest of
 * occurrences times length first. Scores become log-probabilities. `pause` is awaited every now and then.
 */
export const seedPieces = async (
  words: WordCounts,
  maxLength: number,
  seedSize: number,
  pause: () => void | Promise<void>,
): Promise<ScoredPiece[]> => {
  const counts = new Map<number, number>();
  let size = 1;
  for (const word of words.keys()) size += word.length + 1;
  // Code points of the words, each ended by 0.
  const codes = new Int32Array(size);
  let at = 0;
  for (const [word, count] of words) {
    if (word === "") continue;
    for (const character of word) {
      const code = character.codePointAt(0)!;
      codes[at++] = code;
      if (code !== 0) counts.set(code, (counts.get(code) ?? 0) + count);
    }
    codes[at++] = 0;
  }
  const characters = [...counts].sort(([a, m], [b, n]) => n - m || b - a);
  const pieces = characters.map(([code, count]): ScoredPiece => ({ text: String.fromCodePoint(code), score: count }));

  const found = await repeatedSubstrings(codes.subarray(0, at), maxLength, pause);
  found.sort((a, b) => b.score - a.score || compareAt(codes, b.start, a.start, maxLength));
  for (const { start, length, score } of found) {
    if (pieces.length >= seedSize) break;
    pieces.push({ text: String.fromCodePoint(...codes.subarray(start, start + length)), score });
  }
  const logSum = Math.log(pieces.reduce((sum, { score }) => sum + score, 0));
  for (const piece of pieces) piece.score = Math.log(piece.score) - logSum;
  return pieces;
};

/** Order of two substrings that end at a 0 or after `maxLength`. */
const compareAt = (codes: Int32Array, a: number, b: number, maxLength: number): number => {
  for (let i = 0; i <= maxLength; i++) {
    const difference = codes[a + i]! - codes[b + i]!;
    if (difference !== 0 || codes[a + i] === 0) return difference;
  }
  return 0;
};

/** So many substrings take some hundredths of a second. */
const betweenPauses = 1 << 16;

/** Where the substrings begin, in their order: those that begin alike are sorted at a time. */
const sortedStarts = async (
  codes: Int32Array,
  maxLength: number,
  pause: () => void | Promise<void>,
): Promise<Int32Array> => {
  const keyAt = (at: number) => codes[at]! * 2 ** 21 + codes[at + 1]!;
  const sizes = new Map<number, number>();
  for (let at = 0; at < codes.length; at++) if (codes[at] !== 0) sizes.set(keyAt(at), (sizes.get(keyAt(at)) ?? 0) + 1);
  const ends = new Map<number, number>();
  let count = 0;
  for (const key of Float64Array.from(sizes.keys()).sort()) {
    ends.set(key, count);
    count += sizes.get(key)!;
  }
  const starts = new Int32Array(count);
  for (let at = 0; at < codes.length; at++) {
    if (codes[at] === 0) continue;
    const end = ends.get(keyAt(at))!;
    starts[end] = at;
    ends.set(keyAt(at), end + 1);
  }
  let sorted = 0;
  for (const [key, end] of ends) {
    const size = sizes.get(key)!;
    starts.subarray(end - size, end).sort((a, b) => compareAt(codes, a, b, maxLength));
    sorted += size;
    if (sorted < betweenPauses) continue;
    sorted = 0;
    await pause();
  }
  return starts;
};

const repeatedSubstrings = async (codes: Int32Array, maxLength: number, pause: () => void | Promise<void>) => {
  const starts = await sortedStarts(codes, maxLength, pause);
  const count = starts.length;
  const found: { start: number; length: number; score: number }[] = [];
  /** Open nodes: the length of the common prefix and the first suffix that has it. */
  const depths = [0];
  const firsts = [0];
  for (let i = 1; i <= count; i++) {
    if (i % betweenPauses === 0) await pause();
    const common = i < count ? commonPrefix(codes, starts[i - 1]!, starts[i]!, maxLength) : 0;
    let first = i - 1;
    while (depths.at(-1)! > common) {
      const length = depths.pop()!;
      first = firsts.pop()!;
      if (length > 1 && length <= maxLength) found.push({ start: starts[first]!, length, score: (i - first) * length });
    }
    if (depths.at(-1)! < common) {
      depths.push(common);
      firsts.push(first);
    }
  }
  return found;
};

/** Length of the common prefix; one that goes beyond the end of a word, or beyond `maxLength`, counts as `maxLength + 1`. */
const commonPrefix = (codes: Int32Array, a: number, b: number, maxLength: number): number => {
  for (let length = 0; length <= maxLength; length++) {
    if (codes[a + length] !== codes[b + length]) return length;
    if (codes[a + length] === 0) break;
  }
  return maxLength + 1;
};
