import { regexMatcher } from "./matcher.ts";
import type { RegexProgram } from "./program.ts";

/** Called for each match, leftmost first. An empty match counts unless the match before ended there. */
export type Found = (start: number, end: number) => void;

/** Searches with the matcher that remembers. */
export const searchProgram = (program: RegexProgram, text: string, found: Found): void => {
  const matcher = regexMatcher(program, text);
  let previous = -1;
  for (let start = 0; start <= text.length; ) {
    const end = matcher.matchAt(start);
    const isEmpty = end === start;
    if (end >= 0 && !(isEmpty && previous === end)) found(start, end);
    if (end >= 0) previous = end;
    start = end > start ? end : start + widthAt(text, start);
  }
};

/** Searches with JavaScript's own engine; `pattern` has the flag `g`. */
export const searchNative = (pattern: RegExp, text: string, found: Found): void => {
  let previous = -1;
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    const end = match.index + match[0].length;
    if (match[0] !== "") found(match.index, end);
    else {
      if (previous !== end) found(end, end);
      if (end >= text.length) break;
      pattern.lastIndex = end + widthAt(text, end);
    }
    previous = end;
  }
};

const widthAt = (text: string, at: number) => (at < text.length && text.codePointAt(at)! > 0xffff ? 2 : 1);
