import { type AlignedText, originalEnd, originalStart } from "./aligned-text.ts";

/**
 * Characters of a normalized text with how each came about: 0 takes the place of the next source character, 1 is one more
 * character for the source character before, -n takes the place of the next and swallows n further ones. This is the
 * alignment of the Rust crate that `tokenizers` uses, kept because offsets follow from it.
 */
export interface Changes {
  characters: string[];
  changes: number[];
}

/** The text of the characters, aligned to what each came from. */
export const applyChanges = (t: AlignedText, { characters, changes }: Changes): AlignedText => {
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
};
