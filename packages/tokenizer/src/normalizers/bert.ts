import type { Normalizer } from "../components.ts";
import { isAscii, mapCodePoints } from "../text/aligned-text.ts";
import { isChinese, isControl, isNonspacingMark, isWhitespace } from "../text/characters.ts";
import { toUnicodeForm } from "../text/unicode-forms.ts";
import { lowercase } from "./lowercase.ts";

export interface BertNormalizerOptions {
  cleanText: boolean;
  handleChineseChars: boolean;
  stripAccents: boolean;
  lowercase: boolean;
}

/** Drops control characters, makes every whitespace a space, sets ideographs apart, strips accents, lower-cases. */
export const bertNormalizer =
  (options: BertNormalizerOptions): Normalizer =>
  (text) => {
    let t = text;
    if (options.cleanText) t = mapCodePoints(t, clean);
    if (options.handleChineseChars && !isAscii(t.text)) {
      t = mapCodePoints(t, (character, code) => (isChinese(code) ? ` ${character} ` : character));
    }
    if (options.stripAccents && !isAscii(t.text)) {
      t = mapCodePoints(toUnicodeForm(t, "NFD"), (character, code) => (isNonspacingMark(code) ? "" : character));
    }
    return options.lowercase ? lowercase(t) : t;
  };

const clean = (character: string, code: number): string => {
  if (code >= 32 && code < 127) return character;
  if (code === 9 || code === 10 || code === 13) return " ";
  if (code === 0 || code === 0xfffd || isControl(code)) return "";
  return isWhitespace(code) ? " " : character;
};
