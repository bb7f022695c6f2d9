import { type AlignedText, sliceText } from "../text/aligned-text.ts";

export const splitBehaviors = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"] as const;

/** What becomes of a delimiter when text is split at it. */
export type SplitBehavior = (typeof splitBehaviors)[number];

/**
 * Cuts `t` at the matches `[start, end, ...]`: with `invert` the matches are the content and what lies between them is the
 * delimiter. Empty pieces are dropped.
 */
export const splitAtMatches = (
  t: AlignedText,
  matches: number[],
  behavior: SplitBehavior,
  invert = false,
): AlignedText[] => {
  // Segments cover the text: [start, end, isDelimiter].
  const segments: [number, number, boolean][] = [];
  let at = 0;
  for (let i = 0; i < matches.length; i += 2) {
    if (at < matches[i]!) segments.push([at, matches[i]!, invert]);
    segments.push([matches[i]!, matches[i + 1]!, !invert]);
    at = matches[i + 1]!;
  }
  if (at < t.text.length) segments.push([at, t.text.length, invert]);
  return pieces(segments, behavior).map(([start, end]) => sliceText(t, start, end));
};

const pieces = (segments: [number, number, boolean][], behavior: SplitBehavior): [number, number, boolean][] => {
  switch (behavior) {
    case "Removed":
      return segments.filter(([, , delimiter]) => !delimiter);
    case "Isolated":
      return segments;
    case "Contiguous":
      return joined(segments, (delimiter, previous) => delimiter === previous);
    case "MergedWithPrevious":
      return joined(segments, (delimiter, previous) => delimiter && !previous);
    case "MergedWithNext":
      return joined(segments.reverse(), (delimiter, previous) => delimiter && !previous).reverse();
  }
};

/** Joins a segment to the one before it if `joins` says so; the first has a content segment before it. */
const joined = (segments: [number, number, boolean][], joins: (delimiter: boolean, previous: boolean) => boolean) => {
  const out: [number, number, boolean][] = [];
  let previous = false;
  for (const [start, end, delimiter] of segments) {
    const last = out.at(-1);
    if (last && joins(delimiter, previous)) {
      last[0] = Math.min(last[0], start);
      last[1] = Math.max(last[1], end);
    } else out.push([start, end, delimiter]);
    previous = delimiter;
  }
  return out;
};

/** Runs of the characters for which `is` holds, each character a match of its own. */
export const charactersWhere = (text: string, is: (code: number) => boolean): number[] => {
  const found: number[] = [];
  for (let i = 0; i < text.length; ) {
    const code = text.codePointAt(i)!;
    const end = i + (code > 0xffff ? 2 : 1);
    if (is(code)) found.push(i, end);
    i = end;
  }
  return found;
};
