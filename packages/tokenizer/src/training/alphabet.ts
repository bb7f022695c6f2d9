export type WordCounts = ReadonlyMap<string, number>;

const codePoint = (character: string) => character.codePointAt(0)!;

/** The characters of the words, in the order of their code points; with a limit, the most frequent ones. */
export const alphabetOf = (words: WordCounts, initial: readonly string[], limit: number): string[] => {
  const counts = new Map<string, number>();
  for (const [word, count] of words) {
    for (const character of word) counts.set(character, (counts.get(character) ?? 0) + count);
  }
  for (const character of initial) counts.set(character, Number.POSITIVE_INFINITY);
  let kept = [...counts.keys()].sort((a, b) => codePoint(a) - codePoint(b));
  if (kept.length > limit) {
    const frequent = [...kept].sort((a, b) => counts.get(b)! - counts.get(a)! || codePoint(a) - codePoint(b));
    const chosen = new Set(frequent.slice(0, limit));
    kept = kept.filter((character) => chosen.has(character));
  }
  return kept;
};
