import type { WordCounts } from "./alphabet";
import type { SymbolWords } from "./merges";

/**
 * Spells the words in ids: the first character of a word as itself, the later ones behind `prefix`. `tokens` holds the
 * special tokens and then the alphabet; prefixed characters are appended in the order of their code points. Characters
 * outside the alphabet are left out.
 */
export function symbolize(
  words: WordCounts,
  tokens: string[],
  alphabet: readonly string[],
  prefix: string,
): SymbolWords {
  const known = new Map(tokens.map((token, id) => [token, id]));
  const firstIds = new Map(alphabet.map((character) => [character, known.get(character)!]));
  let laterIds = firstIds;
  if (prefix !== "") {
    laterIds = new Map();
    const later = new Set<string>();
    for (const word of words.keys()) {
      let first = true;
      for (const character of word) {
        if (!first) later.add(character);
        first = false;
      }
    }
    for (const character of alphabet) {
      if (!later.has(character)) continue;
      const token = prefix + character;
      if (!known.has(token)) {
        known.set(token, tokens.length);
        tokens.push(token);
      }
      laterIds.set(character, known.get(token)!);
    }
  }

  let total = 0;
  for (const word of words.keys()) total += word.length;
  const symbols = new Int32Array(total);
  const offsets = new Int32Array(words.size + 1);
  const counts = new Float64Array(words.size);
  let at = 0;
  let w = 0;
  for (const [word, count] of words) {
    let ids = firstIds;
    for (const character of word) {
      const id = ids.get(character);
      if (id !== undefined) symbols[at++] = id;
      ids = laterIds;
    }
    counts[w++] = count;
    offsets[w] = at;
  }
  return { symbols, offsets, counts };
}
