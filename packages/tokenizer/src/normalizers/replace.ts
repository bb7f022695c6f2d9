import { textBuilder } from "../text/aligned-text";
import { findMatches, type Pattern } from "../text/pattern";
import type { Normalizer } from "./normalizer";

/** Replaces every match by `content`, which is aligned to the last character of the match. */
export function replaceNormalizer(pattern: Pattern, content: string): Normalizer {
  return (t) => {
    const matches = findMatches(pattern, t.text);
    if (matches.length === 0) return t;
    const out = textBuilder(t);
    let end = 0;
    for (let i = 0; i < matches.length; i += 2) {
      out.copy(end, matches[i]!);
      end = matches[i + 1]!;
      out.add(content, Math.max(0, end - lastCharacterLength(t.text, end)), end);
    }
    out.copy(end, t.text.length);
    return out.build();
  };
}

const lastCharacterLength = (text: string, end: number) => {
  const unit = text.charCodeAt(end - 1);
  return unit >= 0xdc00 && unit < 0xe000 ? 2 : 1;
};
