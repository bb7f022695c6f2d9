import type { Normalizer } from "../components.ts";
import { sliceText } from "../text/aligned-text.ts";
import { isWhitespace } from "../text/characters.ts";

/** Drops whitespace at the ends; every whitespace character is one UTF-16 unit. */
export const stripNormalizer =
  (left: boolean, right: boolean): Normalizer =>
  (t) => {
    let start = 0;
    let end = t.text.length;
    if (left) while (start < end && isWhitespace(t.text.charCodeAt(start))) start++;
    if (right) while (end > start && isWhitespace(t.text.charCodeAt(end - 1))) end--;
    return sliceText(t, start, end);
  };
