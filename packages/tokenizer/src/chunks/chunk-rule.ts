import type { Component } from "../json/schema.ts";

/**
 * Where a text can be cut so that each chunk gives the same tokens alone as in its place. Chunks repeat as words do, so
 * their tokens are looked up instead of made. `kinds` is by ASCII code: SEPARATOR ends a chunk and belongs to none, a
 * chunk also ends between WORD and MARK; OTHER, and everything beyond ASCII, sticks to its neighbours.
 */
export interface ChunkRule {
  readonly kinds: Uint8Array;
  /** Chunks begin at a single space between two characters that are not spaces, and keep it. */
  readonly keepSpace: boolean;
  /** With `keepSpace`: the characters beside the space may be anything but whitespace, instead of printable ASCII. */
  readonly anyNeighbour: boolean;
}

export const SEPARATOR = 0;
const WORD = 1;
const MARK = 2;
export const OTHER = 3;

/** The rule for these components, or undefined if no cut is known to be safe. */
export const chunkRule = (normalizer: Component | null, preTokenizer: Component | null): ChunkRule | undefined => {
  if (!preTokenizer) return undefined;
  const normalizers = components(normalizer, "normalizers");
  const [first, ...rest] = components(preTokenizer, "pretokenizers");
  if (!first) return undefined;
  const isWordSplitter = ["Whitespace", "BertPreTokenizer"].includes(first.type);
  if (isWordSplitter || first.type === "WhitespaceSplit") {
    const local = ["Punctuation", "Digits", "Whitespace", "WhitespaceSplit", "BertPreTokenizer"];
    if (!rest.every(({ type }) => local.includes(type)) || !normalizers.every(keepsSpacesApart)) return undefined;
    const kinds =
      isWordSplitter && normalizers.every(keepsKindsApart) ? (first.type === "Whitespace" ? /\w/ : /[A-Za-z0-9]/) : /./;
    return { kinds: kindTable(kinds), keepSpace: false, anyNeighbour: false };
  }
  const keepsSpaces =
    (first.type === "ByteLevel" && first.use_regex !== false) || (first.type === "Metaspace" && first.split !== false);
  const forms = ["NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents"];
  if (!keepsSpaces || rest.length > 0 || !normalizers.every(({ type }) => forms.includes(type))) return undefined;
  return { kinds: kindTable(/./), keepSpace: true, anyNeighbour: normalizers.length === 0 };
};

/** Whether two rules cut every text alike. */
export const isSameRule = (a: ChunkRule, b: ChunkRule): boolean =>
  a.keepSpace === b.keepSpace &&
  a.anyNeighbour === b.anyNeighbour &&
  a.kinds.every((kind, code) => kind === b.kinds[code]);

/** Components in the order in which they run; sequences are opened. */
export const components = (component: Component | null, parts: "normalizers" | "pretokenizers"): Component[] => {
  if (!component) return [];
  return component.type === "Sequence"
    ? (component[parts] as Component[]).flatMap((part) => components(part, parts))
    : [component];
};

/** Space, tab, line feed and carriage return separate; other ASCII is a word character if `word` says so. */
const kindTable = (word: RegExp): Uint8Array =>
  Uint8Array.from({ length: 128 }, (_, code) => {
    if (code === 32 || code === 9 || code === 10 || code === 13) return SEPARATOR;
    if (code < 33 || code === 127) return OTHER;
    return word.test(String.fromCharCode(code)) ? WORD : MARK;
  });

const withinWords = ["NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "BertNormalizer"];

const patternOf = (component: Component) => component.pattern as { String?: string; Regex?: string };

/** Whether a pattern is an expression, or a text of punctuation alone. */
export const isMarksAlone = (pattern: unknown): boolean => {
  const { String: text } = pattern as { String?: string };
  return text === undefined || marks.test(text);
};

/** Whether what stands on one side of a separator has no influence on the other side. */
const keepsSpacesApart = (normalizer: Component): boolean => {
  if (withinWords.includes(normalizer.type)) return true;
  if (normalizer.type !== "Replace") return false;
  const { String: text, Regex: regex } = patternOf(normalizer);
  if (text !== undefined) return text !== "" && !/\s/.test(text);
  // Expressions that match no separator together with something else; spaces have to remain some.
  return regex === " {2,}" ? /^[ \t\r\n]+$/.test(normalizer.content as string) : regex === "[^\\x00-\\x7F]+";
};

const marks = /^[!-/:-@[-^`{-~]+$/;

/** Whether ASCII letters and digits stay apart from ASCII punctuation beside them. */
const keepsKindsApart = (normalizer: Component): boolean => {
  if (normalizer.type !== "Replace" || patternOf(normalizer).Regex !== undefined) return true;
  return isMarksAlone(normalizer.pattern) && marks.test(normalizer.content as string);
};
