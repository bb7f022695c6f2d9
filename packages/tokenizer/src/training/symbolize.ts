import type { WordCounts } from "./alphabet.ts";
import type { SymbolWords } from "./merges.ts";

/**
 * Spells the words in ids: later characters after `prefix`, the last one before `suffix`. `tokens` holds the special tokens
 * and then the alphabet; decorated characters are appended in the order of their code points. Characters outside the
 * alphabet are left out.
 */
export const symbolize = (
  words: WordCounts,
  tokens: string[],
  alphabet: readonly string[],
  { prefix, suffix }: { prefix: string; suffix: string },
): SymbolWords => {
  const decorate = [
    (character: string) => character,
    (character: string) => prefix + character,
    (character: string) => character + suffix,
    (character: string) => prefix + character + suffix,
  ];
  // Ids by character, one map for each place: bit 0 says later, bit 1 says last.
  const known = new Map(tokens.map((token, id) => [token, id]));
  const ids = placesOf(words).map((characters, place) => {
    const map = new Map<string, number>();
    for (const character of alphabet) {
      const token = decorate[place]!(character);
      if (!known.has(token) && characters.has(character)) {
        known.set(token, tokens.length);
        tokens.push(token);
      }
      const id = known.get(token);
      if (id !== undefined && characters.has(character)) map.set(character, id);
    }
    return map;
  });

  let total = 0;
  for (const word of words.keys()) total += word.length;
  const symbols = new Int32Array(total);
  const offsets = new Int32Array(words.size + 1);
  const counts = new Float64Array(words.size);
  let at = 0;
  let w = 0;
  const ascii = ids.map((map) =>
    Int32Array.from({ length: 128 }, (_, code) => map.get(String.fromCharCode(code)) ?? -1),
  );
  for (const [word, count] of words) {
    for (let i = 0; i < word.length; i++) {
      const code = word.codePointAt(i)!;
      const start = i;
      if (code > 0xffff) i++;
      const place = placeOf(start, i, word.length);
      const id = code < 128 ? ascii[place]![code]! : (ids[place]!.get(String.fromCodePoint(code)) ?? -1);
      if (id >= 0) symbols[at++] = id;
    }
    counts[w++] = count;
    offsets[w] = at;
  }
  return { symbols: symbols.subarray(0, at), offsets, counts };
};

/** The place of the character from unit `start` to `last` of a word: 0 first, 1 later, 2 first and last, 3 later and last. */
const placeOf = (start: number, last: number, length: number): number =>
  (start === 0 ? 0 : 1) + (last === length - 1 ? 2 : 0);

/** The characters that occur in each place. */
const placesOf = (words: WordCounts): Set<string>[] => {
  const places = [new Set<string>(), new Set<string>(), new Set<string>(), new Set<string>()];
  const ascii = new Uint8Array(4 * 128);
  for (const word of words.keys()) {
    for (let i = 0; i < word.length; i++) {
      const code = word.codePointAt(i)!;
      const start = i;
      if (code > 0xffff) i++;
      const place = placeOf(start, i, word.length);
      if (code < 128) ascii[128 * place + code] = 1;
      else places[place]!.add(String.fromCodePoint(code));
    }
  }
  ascii.forEach((occurs, at) => {
    if (occurs) places[at >> 7]!.add(String.fromCharCode(at & 127));
  });
  return places;
};
