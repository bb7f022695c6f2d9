import type { Regex } from "./compile-regex.ts";

/** What a component searches for: a literal string or a regular expression. */
export type Pattern = string | Regex;

/**
 * Non-overlapping matches from left to right as `[start, end, start, end, ...]`. An empty match counts, unless it stands
 * where the match before it ended.
 */
export const findMatches = (pattern: Pattern, text: string): number[] => {
  const found: number[] = [];
  if (text === "" || pattern === "") return found;
  if (typeof pattern !== "string") {
    pattern.search(text, (start, end) => found.push(start, end));
    return found;
  }
  for (let i = text.indexOf(pattern); i >= 0; i = text.indexOf(pattern, i + pattern.length)) {
    found.push(i, i + pattern.length);
  }
  return found;
};
