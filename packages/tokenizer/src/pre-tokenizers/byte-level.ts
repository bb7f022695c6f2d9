import type { PreTokenizer } from "../components.ts";
import { prepend } from "../normalizers/prepend.ts";
import { compileRegex } from "../regex/compile-regex.ts";
import { findMatches } from "../regex/find-matches.ts";
import { mapCodePoints } from "../text/aligned-text.ts";
import { byteCharacters, byteLevelText } from "../text/byte-characters.ts";
import { splitAtMatches } from "./split.ts";

/** The pattern of GPT-2: contractions, words and numbers with the space before them, the rest, spaces. */
const wordPattern = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/** Spells every piece in the stand-ins of its UTF-8 bytes. */
export const byteLevel = (addPrefixSpace: boolean, useRegex: boolean): PreTokenizer => {
  const pattern = compileRegex(wordPattern);
  const characters = byteCharacters();
  return (text) => {
    const t = addPrefixSpace && !text.text.startsWith(" ") ? prepend(text, " ") : text;
    const pieces = useRegex ? splitAtMatches(t, findMatches(pattern, t.text), "Isolated") : [t];
    return pieces.map((piece) => mapCodePoints(piece, (character) => byteLevelText(character, characters)));
  };
};
