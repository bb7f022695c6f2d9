/** Different words, some 400 MB. */
export const MAX_WORDS = 1 << 22;

/** Words with how often each occurs. */
export interface CountedWords {
  readonly words: Map<string, number>;
  /** Times that a rare word was left out for want of room. A word that comes back is counted from there. */
  dropped: number;
}

/** Counts `word`. Of more than `maxWords` words the rarest half goes. */
export const addRareFirst = (counted: CountedWords, word: string, times: number, maxWords: number): void => {
  const { words } = counted;
  const count = words.get(word);
  if (count === undefined && words.size >= maxWords) dropRarest(counted, Math.floor(maxWords / 2));
  words.set(word, (count ?? 0) + times);
};

/** Adds the counts of one to those of another. Of more than `maxWords` words, 4,194,304 if nobody says, the rarest half goes. */
export const mergeCountedWords = (into: CountedWords, from: CountedWords, maxWords: number = MAX_WORDS): void => {
  into.dropped += from.dropped;
  for (const [word, count] of from.words) addRareFirst(into, word, count, maxWords);
};

/** Drops the words of the lowest counts until at most `keep` are left; all words of one count go together. */
const dropRarest = (counted: CountedWords, keep: number): void => {
  const { words } = counted;
  if (words.size <= keep) return;
  const byCount = new Map<number, number>();
  for (const count of words.values()) byCount.set(count, (byCount.get(count) ?? 0) + 1);
  let left = words.size;
  let limit = 0;
  for (const count of [...byCount.keys()].sort((a, b) => a - b)) {
    if (left <= keep) break;
    limit = count;
    left -= byCount.get(count)!;
  }
  counted.dropped += words.size - left;
  for (const [word, count] of words) if (count <= limit) words.delete(word);
};
