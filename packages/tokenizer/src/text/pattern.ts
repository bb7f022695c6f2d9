/** What a component searches for: a literal string or a regular expression with the flags `g` and `u`. */
export type Pattern = string | RegExp;

/** Non-overlapping matches from left to right as `[start, end, start, end, ...]`. Empty matches are left out. */
export function findMatches(pattern: Pattern, text: string): number[] {
  const found: number[] = [];
  if (typeof pattern === "string") {
    if (pattern === "") return found;
    for (let i = text.indexOf(pattern); i >= 0; i = text.indexOf(pattern, i + pattern.length)) {
      found.push(i, i + pattern.length);
    }
    return found;
  }
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    if (match[0] === "") pattern.lastIndex += text.codePointAt(match.index)! > 0xffff ? 2 : 1;
    else found.push(match.index, match.index + match[0].length);
  }
  return found;
}
