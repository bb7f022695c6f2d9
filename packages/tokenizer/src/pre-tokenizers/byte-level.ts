import { prepend } from "../normalizers/prepend";
import { mapCodePoints } from "../text/aligned-text";
import { byteCharacters, byteLevelText } from "../text/byte-characters";
import { findMatches } from "../text/pattern";
import type { PreTokenizer } from "./pre-tokenizer";
import { splitAtMatches } from "./split";

/** The pattern of GPT-2: contractions, words and numbers with the space before them, the rest, spaces. */
const words =
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\p{White_Space}\\p{L}\\p{N}]+|\\p{White_Space}+(?!\\P{White_Space})|\\p{White_Space}+";

/** Spells every piece in the stand-ins of its UTF-8 bytes. */
export function byteLevel(addPrefixSpace: boolean, useRegex: boolean): PreTokenizer {
  const pattern = new RegExp(words, "gu");
  const characters = byteCharacters();
  return (text) => {
    const t = addPrefixSpace && !text.text.startsWith(" ") ? prepend(text, " ") : text;
    const pieces = useRegex ? splitAtMatches(t, findMatches(pattern, t.text), "Isolated") : [t];
    return pieces.map((piece) => mapCodePoints(piece, (character) => byteLevelText(character, characters)));
  };
}
