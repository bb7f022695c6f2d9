import { buildTrie, NONE, ROOT, step, type Trie, valueAt } from "./models/trie.ts";
import { isWhitespace, isWordCharacter } from "./text/characters.ts";

/** A token outside the model, found in the text before the model sees it. The fields are those of `tokenizer.json`. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** Only if no word character stands beside it. */
  readonly single_word: boolean;
  /** Takes the whitespace before it, after it. */
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  /** Searched in the normalized text instead of the original. */
  readonly normalized: boolean;
  /** Left out by `decode` if special tokens are skipped. */
  readonly special: boolean;
}

/** A token that stands for itself wherever it is in the text, and that `decode` leaves out unless asked for it. */
export const specialToken = (content: string, id: number): AddedToken => ({
  id,
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
});

/** A stretch of text: `token` is undefined if it is for the model. */
export interface Segment {
  readonly start: number;
  readonly end: number;
  /**
   * The added token that this segment is.
   *
   * @defaultValue absent for text between added tokens
   */
  readonly token?: AddedToken;
}

export interface AddedTokenFinder {
  /** False if the text holds none of the tokens: the usual case, decided quickly. */
  mayMatch(text: string): boolean;
  segments(text: string): Segment[];
}

/**
 * Finds the leftmost, of those the longest, of `tokens`; `patterns[i]` is what token `i` looks like in the text. With
 * `splitSpecialTokens`, special tokens are passed over as ordinary text.
 */
export const addedTokenFinder = (
  tokens: readonly AddedToken[],
  patterns: readonly string[],
  splitSpecialTokens = false,
): AddedTokenFinder | undefined => {
  if (tokens.every((token) => splitSpecialTokens && token.special)) return undefined;
  const trie = buildTrie(
    patterns,
    patterns.map((_, i) => i),
  );
  const firstUnits = [...new Set(patterns.map((pattern) => pattern.charCodeAt(0)))];
  const first = new RegExp(`[${firstUnits.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("")}]`, "g");

  return {
    mayMatch(text) {
      if (patterns.length <= 16) return patterns.some((pattern) => text.includes(pattern));
      first.lastIndex = 0;
      return first.test(text);
    },
    segments(text) {
      const out: Segment[] = [];
      let covered = 0;
      first.lastIndex = 0;
      for (let hit = first.exec(text); hit; hit = first.exec(text)) {
        const match = longestAt(trie, text, hit.index);
        if (!match) continue;
        first.lastIndex = match.end;
        const token = tokens[match.value]!;
        if (splitSpecialTokens && token.special) continue;
        if (token.single_word && !standsAlone(text, hit.index, match.end)) continue;
        let start = hit.index;
        let end = match.end;
        if (token.lstrip) {
          while (start > 0 && start > covered && isWhitespace(text.charCodeAt(start - 1))) start--;
          start = Math.max(start, covered);
        }
        if (token.rstrip) while (end < text.length && isWhitespace(text.charCodeAt(end))) end++;
        if (covered < start) out.push({ start: covered, end: start });
        // The token before may have taken all of this one, if it is of whitespace.
        if (start >= end) continue;
        out.push({ start, end, token });
        // If it has taken more, that is there again: so do the Rust implementation's ids have it.
        covered = end;
      }
      if (covered < text.length) out.push({ start: covered, end: text.length });
      return out;
    },
  };
};

const longestAt = (trie: Trie, text: string, start: number) => {
  let best: { value: number; end: number } | undefined;
  let node = ROOT;
  for (let i = start; i < text.length; ) {
    node = step(trie, node, text.charCodeAt(i++));
    if (node === NONE) break;
    const value = valueAt(trie, node);
    if (value !== NONE) best = { value, end: i };
  }
  return best;
};

const standsAlone = (text: string, start: number, end: number): boolean => {
  if (end < text.length && isWordCharacter(text.codePointAt(end)!)) return false;
  if (start === 0) return true;
  const low = text.charCodeAt(start - 1);
  const before = low >= 0xdc00 && low < 0xe000 ? text.codePointAt(start - 2)! : low;
  return !isWordCharacter(before);
};
