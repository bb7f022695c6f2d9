import type { PreTokenizer } from "../components.ts";
import { prepend } from "../normalizers/prepend.ts";
import { mapCodePoints } from "../text/aligned-text.ts";
import { byteCharacters, byteLevelText } from "../text/byte-characters.ts";
import { findMatches } from "../text/pattern.ts";
import { rangeClass, unicodeDifferences } from "../text/unicode-differences.ts";
import { splitAtMatches } from "./split.ts";

/** The pattern of GPT-2: contractions, words and numbers with the space before them, the rest, spaces. */
function wordPattern(): RegExp {
  const letter = `[\\p{L}--[${rangeClass(unicodeDifferences.letter.without)}]]`;
  const number = `[\\p{N}--[${rangeClass(unicodeDifferences.number.without)}]]`;
  const other = `[^\\p{White_Space}${letter}${number}]`;
  const space = "\\p{White_Space}";
  return new RegExp(
    `'s|'t|'re|'ve|'m|'ll|'d| ?${letter}+| ?${number}+| ?${other}+|${space}+(?!\\P{White_Space})|${space}+`,
    "gv",
  );
}

/** Spells every piece in the stand-ins of its UTF-8 bytes. */
export function byteLevel(addPrefixSpace: boolean, useRegex: boolean): PreTokenizer {
  const pattern = wordPattern();
  const characters = byteCharacters();
  return (text) => {
    const t = addPrefixSpace && !text.text.startsWith(" ") ? prepend(text, " ") : text;
    const pieces = useRegex ? splitAtMatches(t, findMatches(pattern, t.text), "Isolated") : [t];
    return pieces.map((piece) => mapCodePoints(piece, (character) => byteLevelText(character, characters)));
  };
}
