import type { Encoding } from "../encoding.ts";
import { isWhitespace } from "../text/characters.ts";

/** The stand-in of a space in byte-level vocabularies. */
const SPACE = "\u0120";

const isSpace = (character: string) => character === SPACE || isWhitespace(character.codePointAt(0)!);

/** Takes the spaces at the ends of byte-level tokens, from token `first` on, out of their offsets. */
export const trimOffsets = ({ tokens, offsets }: Encoding, first: number, addPrefixSpace: boolean): void => {
  for (let i = first; i < tokens.length; i++) {
    const characters = Array.from(tokens[i]!);
    const content = characters.findIndex((character) => !isSpace(character));
    let leading = content < 0 ? characters.length : content;
    const trailing = characters.length - 1 - characters.findLastIndex((character) => !isSpace(character));
    const offset = offsets[i]!;
    // The space that was put before the first word is not in the text.
    if (leading === 1 && addPrefixSpace && (i === first || offset[0] === 0)) leading = 0;
    offset[0] = Math.min(offset[0] + leading, offset[1]);
    if (trailing > 0 && offset[1] >= trailing) offset[1] = Math.max(offset[1] - trailing, offset[0]);
  }
};
