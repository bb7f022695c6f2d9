/** Words with how often each occurs: a map, or a list in an order. */
export interface WordCounts extends Iterable<readonly [word: string, count: number]> {
  readonly size: number;
  keys(): Iterable<string>;
}

const codePoint = (character: string) => character.codePointAt(0)!;

/** The characters of the words, in the order of their code points; with a limit, the most frequent ones. */
export const alphabetOf = (words: WordCounts, initial: readonly string[], limit: number): string[] => {
  const counts = new Map<string, number>();
  const ascii = new Float64Array(128);
  for (const [word, count] of words) {
    for (let i = 0; i < word.length; i++) {
      const code = word.codePointAt(i)!;
      if (code < 128) {
        ascii[code]! += count;
        continue;
      }
      const character = String.fromCodePoint(code);
      counts.set(character, (counts.get(character) ?? 0) + count);
      if (code > 0xffff) i++;
    }
  }
  ascii.forEach((count, code) => {
    if (count > 0) counts.set(String.fromCharCode(code), count);
  });
  for (const character of initial) counts.set(character, Number.POSITIVE_INFINITY);
  let kept = [...counts.keys()].sort((a, b) => codePoint(a) - codePoint(b));
  if (kept.length > limit) {
    const frequent = [...kept].sort((a, b) => counts.get(b)! - counts.get(a)! || codePoint(a) - codePoint(b));
    const chosen = new Set(frequent.slice(0, limit));
    kept = kept.filter((character) => chosen.has(character));
  }
  return kept;
};
