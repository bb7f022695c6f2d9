import { type AlignedText, isAscii, originalEnd, originalStart } from "./aligned-text";
import { rangeTest, unicodeDifferences } from "./unicode-differences";

export type UnicodeForm = "NFC" | "NFD" | "NFKC" | "NFKD";

/**
 * Characters of a normal form with how each came about: 0 takes the place of the next source character, 1 is one more
 * character for the source character before, -n takes the place of the next and swallows n further ones. This is the
 * alignment of the Rust crate that `tokenizers` uses, kept because offsets follow from it.
 */
interface Changes {
  characters: string[];
  changes: number[];
}

/** Normalizes with alignment. There are no tables: what a combining class is for follows from `String.normalize`. */
export function toUnicodeForm(t: AlignedText, form: UnicodeForm): AlignedText {
  if (isAscii(t.text)) return t;
  const normalized = t.text.normalize(form);
  if (normalized === t.text) return t;
  const decomposed = decomposition(t.text, form === "NFC" || form === "NFD" ? "NFD" : "NFKD");
  return applyChanges(t, form === "NFC" || form === "NFKC" ? composition(decomposed) : decomposed);
}

/** Characters whose decomposition the Rust tables do not know. */
const isCanonicallyWhole = /* @__PURE__ */ rangeTest(unicodeDifferences.canonical.without);
const isCompatiblyWhole = /* @__PURE__ */ rangeTest(unicodeDifferences.compatible.without);

function decomposition(text: string, form: "NFD" | "NFKD"): Changes {
  const characters: string[] = [];
  const changes: number[] = [];
  const isWhole = form === "NFD" ? isCanonicallyWhole : isCompatiblyWhole;
  for (const source of text) {
    let first = 0;
    for (const character of isWhole(source.codePointAt(0)!) ? [source] : source.normalize(form)) {
      // Canonical ordering: a mark moves before the marks that belong behind it.
      let at = characters.length;
      while (at > 0 && swaps(characters[at - 1]!, character)) at--;
      characters.splice(at, 0, character);
      changes.splice(at, 0, first);
      first = 1;
    }
  }
  return { characters, changes };
}

/** Whether canonical ordering puts `second` before `first`: both are marks and the class of `first` is greater. */
function swaps(first: string, second: string): boolean {
  if (first < "\u0300" || second < "\u0300" || first === second) return false;
  return (first + second).normalize("NFD") === second + first;
}

/** Whether the combining class is not 0: the character changes places with a mark of class 1 or of class 240. */
const isCombining = (character: string) =>
  character >= "\u0300" && (swaps(character, "\u0334") || swaps("\u0345", character));

function compose(first: string, second: string): string | undefined {
  if (second < "\u0300") return undefined;
  const composed = (first + second).normalize("NFC");
  return composed.length === String.fromCodePoint(composed.codePointAt(0)!).length ? composed : undefined;
}

function composition({ characters, changes }: Changes): Changes {
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
    const combining = isCombining(character);
    if (starter >= 0) {
      const blocked = blocking !== undefined && !(combining && swaps(character, blocking));
      const composed = blocked ? undefined : compose(out.characters[starter]!, character);
      if (composed !== undefined) {
        out.characters[starter] = composed;
        out.changes[starter]! += change - 1;
        return;
      }
      if (combining) blocking = character;
    }
    push(character, change);
    if (!combining) {
      starter = out.characters.length - 1;
      blocking = undefined;
    }
  });
  return out;
}

function applyChanges(t: AlignedText, { characters, changes }: Changes): AlignedText {
  const { text } = t;
  const length = characters.reduce((sum, character) => sum + character.length, 0);
  const from = new Int32Array(length);
  const to = new Int32Array(length);
  let source = 0;
  let at = 0;
  const unitsAt = (i: number) => (i < text.length && text.codePointAt(i)! > 0xffff ? 2 : 1);
  characters.forEach((character, i) => {
    const change = changes[i]!;
    let start = source;
    if (change > 0) {
      start = Math.max(0, source - 1);
      if (text.charCodeAt(start) >= 0xdc00 && text.charCodeAt(start) < 0xe000) start--;
    }
    const end = Math.min(start + unitsAt(start), text.length);
    for (let k = 0; k < character.length; k++, at++) {
      from[at] = change > 0 && source === 0 ? originalStart(t, 0) : originalStart(t, start);
      to[at] = change > 0 && source === 0 ? originalStart(t, 0) : originalEnd(t, end);
    }
    for (let taken = change > 0 ? 1 : change; taken <= 0; taken++) source += unitsAt(source);
  });
  return { text: characters.join(""), base: t.base, from, to };
}
