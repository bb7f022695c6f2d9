import type { WordCounts } from "./alphabet.ts";

const prefixUnits = 4;
const unitBits = 7;
const indexRange = 2 ** 24; // with the prefix, less than 2^53
const beyondAscii = /[^\0-\x7f]/;

/** Words that are gone once they have been made into something else. */
export interface ConsumedWords extends WordCounts {
  /** Lets go of the words. */
  clear(): void;
}

/** The words in the order of their UTF-16 units, which does not depend on how they were counted. */
export const sortedWords = (words: ReadonlyMap<string, number>): ConsumedWords => {
  let sorted = sortByUnits([...words.keys()]);
  const counts = Float64Array.from(sorted, (word) => words.get(word)!);
  return {
    get size() {
      return sorted.length;
    },
    keys: () => sorted,
    *[Symbol.iterator]() {
      for (let n = 0; n < sorted.length; n++) yield [sorted[n]!, counts[n]!] as const;
    },
    clear() {
      sorted = [];
    },
  };
};

/** By numbers of the first characters, which is several times as fast as comparing texts, and then by the rest. */
const sortByUnits = (words: string[]): string[] => {
  if (words.length < 1024 || words.length > indexRange) return words.sort();
  const keys = new Float64Array(words.length);
  for (let n = 0; n < words.length; n++) {
    const word = words[n]!;
    if (beyondAscii.test(word)) return words.sort();
    let prefix = 0;
    // What is shorter comes first: no unit is less than any.
    for (let i = 0; i < prefixUnits; i++) prefix = (prefix << unitBits) | (i < word.length ? word.charCodeAt(i) : 0);
    keys[n] = prefix * indexRange + n;
  }
  keys.sort();
  const prefixOf = (at: number) => Math.floor(keys[at]! / indexRange);
  const out: string[] = [];
  for (let from = 0; from < keys.length; ) {
    const group: string[] = [];
    const prefix = prefixOf(from);
    for (; from < keys.length && prefixOf(from) === prefix; from++) group.push(words[keys[from]! % indexRange]!);
    for (const word of group.length > 1 ? group.sort() : group) out.push(word);
  }
  return out;
};
