import { type AlignedText, isAscii } from "./aligned-text.ts";
import { applyChanges, type Changes } from "./changes.ts";
import { rangeTest, unicodeDifferences } from "./unicode-differences.ts";

export type UnicodeForm = "NFC" | "NFD" | "NFKC" | "NFKD";

const manyMarks = /\p{M}{64}/u;

/** Normalizes with alignment. There are no tables: what a combining class is for follows from `String.normalize`. */
export const toUnicodeForm = (t: AlignedText, form: UnicodeForm): AlignedText => {
  if (isAscii(t.text)) return t;
  // Engines take quadratic time for long runs of marks, so those are never given to them.
  if (!manyMarks.test(t.text) && t.text.normalize(form) === t.text) return t;
  const decomposed = decomposition(t.text, form === "NFC" || form === "NFD" ? "NFD" : "NFKD");
  return applyChanges(t, form === "NFC" || form === "NFKC" ? composition(decomposed) : decomposed);
};

/** Characters whose decomposition the Rust tables do not know. */
const isCanonicallyWhole = /* @__PURE__ */ rangeTest(() => unicodeDifferences.canonical.without);
const isCompatiblyWhole = /* @__PURE__ */ rangeTest(() => unicodeDifferences.compatible.without);

const decomposition = (text: string, form: "NFD" | "NFKD"): Changes => {
  const out: Changes = { characters: [], changes: [] };
  const isWhole = form === "NFD" ? isCanonicallyWhole : isCompatiblyWhole;
  for (const source of text) {
    let first = 0;
    for (const character of isWhole(source.codePointAt(0)!) ? [source] : source.normalize(form)) {
      out.characters.push(character);
      out.changes.push(first);
      first = 1;
    }
  }
  for (let i = 0; i < out.characters.length; i++) {
    const start = i;
    while (i < out.characters.length && isCombining(out.characters[i]!)) i++;
    if (i - start > 1) orderMarks(out, start, i);
  }
  return out;
};

/** Canonical ordering of a run of marks: by their classes, marks of one class in the order in which they are. */
const orderMarks = ({ characters, changes }: Changes, start: number, end: number): void => {
  const distinct = [...new Set(characters.slice(start, end))].sort((a, b) => (swaps(a, b) ? 1 : swaps(b, a) ? -1 : 0));
  const ranks = new Map<string, number>();
  let rank = 0;
  distinct.forEach((mark, i) => {
    if (i > 0 && swaps(mark, distinct[i - 1]!)) rank++;
    ranks.set(mark, rank);
  });
  if (rank === 0) return;
  const run = Array.from({ length: end - start }, (_, i) => ({
    character: characters[start + i]!,
    change: changes[start + i]!,
  }));
  run.sort((a, b) => ranks.get(a.character)! - ranks.get(b.character)!);
  run.forEach(({ character, change }, i) => {
    characters[start + i] = character;
    changes[start + i] = change;
  });
};

/** Marks whose class the Rust tables do not know. */
const isUnordered = /* @__PURE__ */ rangeTest(() => unicodeDifferences.combining.without);

/** Whether canonical ordering puts `second` before `first`: both are marks and the class of `first` is greater. */
const swaps = (first: string, second: string): boolean => {
  if (first < "\u0300" || second < "\u0300" || first === second) return false;
  if (isUnordered(first.codePointAt(0)!) || isUnordered(second.codePointAt(0)!)) return false;
  return (first + second).normalize("NFD") === second + first;
};

const combining = /* @__PURE__ */ new Map<string, boolean>();

/** Whether the combining class is not 0: the character changes places with a mark of class 1 or of class 240. */
const isCombining = (character: string): boolean => {
  if (character < "\u0300") return false;
  let answer = combining.get(character);
  if (answer === undefined) {
    answer = swaps(character, "\u0334") || swaps("\u0345", character) || character === "\u0345";
    if (combining.size < 4096) combining.set(character, answer);
  }
  return answer;
};

const compose = (first: string, second: string): string | undefined => {
  if (second < "\u0300") return undefined;
  const composed = (first + second).normalize("NFC");
  return composed.length === String.fromCodePoint(composed.codePointAt(0)!).length ? composed : undefined;
};

const composition = ({ characters, changes }: Changes): Changes => {
  const out: Changes = { characters: [], changes: [] };
  const push = (character: string, change: number) => {
    out.characters.push(character);
    out.changes.push(change);
  };
  /** Index in `out` of the starter that later characters may join, and the last mark that stayed between. */
  let starter = -1;
  let blocking: string | undefined;
  characters.forEach((character, i) => {
    const change = changes[i]!;
    const isMark = isCombining(character);
    if (starter >= 0) {
      const blocked = blocking !== undefined && !(isMark && swaps(character, blocking));
      const composed = blocked ? undefined : compose(out.characters[starter]!, character);
      if (composed !== undefined) {
        out.characters[starter] = composed;
        out.changes[starter]! += change - 1;
        return;
      }
      if (isMark) blocking = character;
    }
    push(character, change);
    if (!isMark) {
      starter = out.characters.length - 1;
      blocking = undefined;
    }
  });
  return out;
};
