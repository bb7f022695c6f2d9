import type { PreTokenizer } from "../components.ts";
import { prepend } from "../normalizers/prepend.ts";
import { findMatches } from "../regex/find-matches.ts";
import { mapCodePoints, originalStart } from "../text/aligned-text.ts";
import { splitAtMatches } from "./split.ts";

export const prependSchemes = ["always", "first", "never"] as const;
export type PrependScheme = (typeof prependSchemes)[number];

/** Writes a space as `replacement` and cuts before each; puts one before the text, always, never or at its beginning only. */
export const metaspace =
  (replacement: string, scheme: PrependScheme, split: boolean): PreTokenizer =>
  (text) => {
    let t = mapCodePoints(text, (character) => (character === " " ? replacement : character));
    const prepends = scheme === "always" || (scheme === "first" && t.text !== "" && originalStart(text, 0) === 0);
    if (prepends && !t.text.startsWith(replacement)) t = prepend(t, replacement);
    return split ? splitAtMatches(t, findMatches(replacement, t.text), "MergedWithNext") : [t];
  };
