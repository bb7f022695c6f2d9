import type { PreTokenizer } from "../components.ts";
import { type AlignedText, sliceText } from "../text/aligned-text.ts";
import { isPunctuation, isWhitespace, isWordCharacter } from "../text/characters.ts";

const SPACE = 0;
const WORD = 1;
const OTHER = 2;
const ALONE = 3;
type Kind = typeof SPACE | typeof WORD | typeof OTHER | typeof ALONE;

/** Cuts wherever the kind of character changes; drops spaces, and gives `ALONE` characters a piece each. */
const cutByKind = (t: AlignedText, kindOf: (code: number) => Kind): AlignedText[] => {
  const { text } = t;
  const out: AlignedText[] = [];
  let start = 0;
  let kind: Kind = SPACE;
  for (let i = 0; i < text.length; ) {
    const code = text.codePointAt(i)!;
    const next = kindOf(code);
    if (next !== kind || next === ALONE) {
      if (kind !== SPACE) out.push(sliceText(t, start, i));
      start = i;
      kind = next;
    }
    i += code > 0xffff ? 2 : 1;
  }
  if (kind !== SPACE) out.push(sliceText(t, start, text.length));
  return out;
};

/** `\w+|[^\w\s]+` */
export const whitespace: PreTokenizer = (t) =>
  cutByKind(t, (code) => (isWordCharacter(code) ? WORD : isWhitespace(code) ? SPACE : OTHER));

export const whitespaceSplit: PreTokenizer = (t) => cutByKind(t, (code) => (isWhitespace(code) ? SPACE : OTHER));

/** Splits at whitespace; punctuation characters stand alone. */
export const bertPreTokenizer: PreTokenizer = (t) =>
  cutByKind(t, (code) => (isWhitespace(code) ? SPACE : isPunctuation(code) ? ALONE : WORD));
