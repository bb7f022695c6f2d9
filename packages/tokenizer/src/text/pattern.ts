/** What a component searches for: a literal string or a regular expression with the flag `g`. */
export type Pattern = string | RegExp;

/**
 * Non-overlapping matches from left to right as `[start, end, start, end, ...]`. An empty match counts, unless it stands
 * where the match before it ended.
 */
export function findMatches(pattern: Pattern, text: string): number[] {
  const found: number[] = [];
  if (text === "") return found;
  if (typeof pattern === "string") {
    if (pattern === "") return found;
    for (let i = text.indexOf(pattern); i >= 0; i = text.indexOf(pattern, i + pattern.length)) {
      found.push(i, i + pattern.length);
    }
    return found;
  }
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    const end = match.index + match[0].length;
    if (match[0] === "" && found.at(-1) === end) {
      if (end >= text.length) break;
      pattern.lastIndex = end + (text.codePointAt(end)! > 0xffff ? 2 : 1);
    } else {
      found.push(match.index, end);
      pattern.lastIndex = end;
    }
  }
  return found;
}
