import type { Normalizer } from "../components.ts";
import { applyChanges, type Changes } from "../text/changes.ts";

/** The `precompiled_charsmap` of SentencePiece: a trie of UTF-8 bytes (a double array, as of Darts), and what it leads to. */
export interface Charsmap {
  /** What the shortest entry that `text` begins with becomes; undefined if there is none. */
  transform(text: string): string | undefined;
}

/**
 * Reads a charsmap: the size of the trie in bytes (uint32), the trie (uint32 each), texts that end with 0. All little-endian.
 *
 * @throws TypeError if sizes do not fit
 */
export const readCharsmap = (bytes: Uint8Array): Charsmap => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const trieSize = bytes.length < 4 ? 0 : view.getUint32(0, true);
  if (trieSize === 0 || trieSize % 4 !== 0 || 4 + trieSize > bytes.length)
    throw new TypeError(`a trie of at most ${Math.max(0, bytes.length - 4)} bytes, in whole words, got ${trieSize}`);
  const units = Uint32Array.from({ length: trieSize / 4 }, (_, i) => view.getUint32(4 + 4 * i, true));
  const texts = bytes.subarray(4 + trieSize);
  const encoder = new TextEncoder();
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const known = new Map<number, string>();

  const textAt = (start: number): string | undefined => {
    if (start >= texts.length) return undefined;
    let text = known.get(start);
    if (text === undefined) {
      const end = texts.indexOf(0, start);
      text = decoder.decode(texts.subarray(start, end < 0 ? texts.length : end));
      known.set(start, text);
    }
    return text;
  };

  return {
    transform(text) {
      let node = offsetOf(units[0]!);
      for (const byte of encoder.encode(text)) {
        if (byte === 0) return undefined;
        node ^= byte;
        const unit = units[node];
        if (unit === undefined || (unit & 0x800000ff) !== byte) return undefined;
        node ^= offsetOf(unit);
        if ((unit & 0x100) !== 0) return textAt((units[node] ?? 0) & 0x7fffffff);
      }
      return undefined;
    },
  };
};

/** From a node to its children. */
const offsetOf = (unit: number) => (unit >>> 10) << ((unit & 0x200) >>> 6);

/** Remembered at most; a text has few different characters. */
const MAX_KNOWN = 1 << 16;

/**
 * The normalizer of SentencePiece. A user-perceived character of fewer than 6 bytes is looked up whole, where the shortest
 * entry that it begins with counts and the rest of it goes; others are looked up one code point at a time.
 */
export const precompiledNormalizer = ({ transform }: Charsmap): Normalizer => {
  const known = new Map<string, string | undefined>();
  const look = (text: string) => {
    if (known.has(text)) return known.get(text);
    if (known.size >= MAX_KNOWN) known.clear();
    const found = transform(text);
    known.set(text, found);
    return found;
  };
  return (t) => {
    const out: Changes = { characters: [], changes: [] };
    let modified = false;
    const put = (part: string): boolean => {
      const found = look(part);
      if (found === undefined) return false;
      replace(out, Array.from(part).length, Array.from(found));
      modified ||= found !== part;
      return true;
    };
    for (const grapheme of graphemes(t.text)) {
      if (utf8Length(grapheme) < 6 && put(grapheme)) continue;
      for (const character of grapheme) {
        if (put(character)) continue;
        out.characters.push(character);
        out.changes.push(0);
      }
    }
    return modified ? applyChanges(t, out) : t;
  };
};

/** Puts `characters` in the place of `count` characters; surplus ones go to the last of them. */
const replace = ({ characters, changes }: Changes, count: number, replacement: string[]): void => {
  replacement.forEach((character, i) => {
    characters.push(character);
    changes.push(i < count ? 0 : 1);
  });
  if (replacement.length < count && changes.length > 0) changes[changes.length - 1]! -= count - replacement.length;
};

const utf8Length = (text: string): number => {
  let length = 0;
  for (const character of text) {
    const code = character.codePointAt(0)!;
    length += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return length;
};

/** Whether a unit begins a character of its own and ends there, beside others of its kind: Latin and ideographs. */
const isPlain = (unit: number) => unit < 0x300 || (unit >= 0x4e00 && unit < 0xa000);

/** Whether the unit at `i` may belong together with the one after it. */
const joins = (text: string, i: number): boolean => {
  const unit = text.charCodeAt(i);
  const next = text.charCodeAt(i + 1) || 0;
  return !(isPlain(unit) && isPlain(next)) || (unit === 13 && next === 10);
};

/** Texts that are given to the segmenter at a time. */
const WINDOW = 1 << 12;

let segmenter: Intl.Segmenter | undefined;

/** User-perceived characters. Only what may be joined to its neighbours goes through the segmenter, which is slow. */
function* graphemes(text: string): Generator<string> {
  for (let i = 0; i < text.length; ) {
    const start = i;
    while (i < text.length && joins(text, i)) i++;
    // What follows the run begins a character, or ends the text.
    const end = Math.min(i + 1, text.length);
    if (end - start > 1) {
      segmenter ??= new Intl.Segmenter("en", { granularity: "grapheme" });
      for (let at = start; at < end; ) {
        const window = text.slice(at, Math.min(end, at + WINDOW));
        let last = "";
        for (const { segment } of segmenter.segment(window)) {
          if (last !== "") yield last;
          at += last.length;
          last = segment;
        }
        // The last one may go on beyond the window.
        if (at + last.length >= end || last.length === window.length) {
          yield last;
          at += last.length;
        }
      }
    } else yield text[start]!;
    i = end;
  }
}
