import type { WordCounts } from "./alphabet.ts";

export interface ScoredPiece {
  text: string;
  score: number;
}

/**
 * The pieces from which Unigram training starts: every character with its count, then the repeated substrings that can be
 * followed by more than one thing (the inner nodes of the suffix tree of the words, each word once), the largest of
 * occurrences times length first. Scores become log-probabilities.
 */
export const seedPieces = (words: WordCounts, maxLength: number, seedSize: number): ScoredPiece[] => {
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

  const found = repeatedSubstrings(codes.subarray(0, at), maxLength);
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

const repeatedSubstrings = (codes: Int32Array, maxLength: number) => {
  let starts = new Int32Array(codes.length);
  let count = 0;
  for (let i = 0; i < codes.length; i++) if (codes[i] !== 0) starts[count++] = i;
  starts = starts.subarray(0, count).sort((a, b) => compareAt(codes, a, b, maxLength));

  const found: { start: number; length: number; score: number }[] = [];
  /** Open nodes: the length of the common prefix and the first suffix that has it. */
  const depths = [0];
  const firsts = [0];
  for (let i = 1; i <= count; i++) {
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
