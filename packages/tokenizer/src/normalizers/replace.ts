import type { Normalizer } from "../components.ts";
import { findMatches, type Pattern } from "../regex/find-matches.ts";
import { originalEnd, originalStart, textBuilder } from "../text/aligned-text.ts";

/** Replaces every match by `content`, which is aligned to the last character of the match. */
export const replaceNormalizer =
  (pattern: Pattern, content: string): Normalizer =>
  (t) => {
    const matches = findMatches(pattern, t.text);
    if (matches.length === 0) return t;
    const out = textBuilder(t);
    let end = 0;
    for (let i = 0; i < matches.length; i += 2) {
      out.copy(end, matches[i]!);
      end = matches[i + 1]!;
      const last = end - (isLowSurrogate(t.text.charCodeAt(end - 1)) ? 2 : 1);
      if (end > 0) out.addRange(content, originalStart(t, last), originalEnd(t, end));
      else out.addRange(content, originalStart(t, 0), originalStart(t, 0));
    }
    out.copy(end, t.text.length);
    return out.build();
  };

const isLowSurrogate = (unit: number) => unit >= 0xdc00 && unit < 0xe000;
