import { parseClass } from "./regex-class.ts";
import { caseVariants, classEscape, literal, propertyEscape } from "./regex-escapes.ts";
import type { RegexReader } from "./regex-reader.ts";

/**
 * Translates a regular expression of `tokenizer.json`, which is in Oniguruma's (Ruby's) dialect, into a JavaScript one with
 * the flags `g` and `v`. What JavaScript cannot say is refused, and so is what could take exponential time: a repetition
 * whose body can match the same text in two ways.
 */
export function translateRegex(source: string): RegExp {
  const reader: RegexReader = { source, at: 0, groups: 0, ignoreCase: false };
  const { text } = alternation(reader);
  if (reader.at < source.length) throw new SyntaxError(`unmatched ) at ${reader.at}`);
  return new RegExp(text, "gv");
}

/** A translated part. `ambiguous`: it can match one text in several ways, or texts of several lengths. */
interface Part {
  text: string;
  ambiguous: boolean;
  /** Repetitions without an upper bound in the longest alternative. */
  unbounded: number;
}

const MAX_UNBOUNDED = 3;

function alternation(reader: RegexReader): Part {
  const parts = [sequence(reader)];
  while (reader.source[reader.at] === "|") {
    reader.at++;
    parts.push(sequence(reader));
  }
  return {
    text: parts.map((part) => part.text).join("|"),
    ambiguous:
      parts.some((part) => part.ambiguous) || (parts.length > 1 && !distinctStarts(parts.map((part) => part.text))),
    unbounded: Math.max(...parts.map((part) => part.unbounded)),
  };
}

/** Whether every alternative begins with a letter, digit or escaped character of its own. */
const distinctStarts = (alternatives: string[]) => {
  const starts = alternatives.map((text) => /^(?:[A-Za-z0-9]|\\u\{[0-9a-f]+\})/.exec(text)?.[0]);
  return starts.every((start) => start !== undefined) && new Set(starts).size === starts.length;
};

function sequence(reader: RegexReader): Part {
  const out: Part = { text: "", ambiguous: false, unbounded: 0 };
  while (reader.at < reader.source.length && !"|)".includes(reader.source[reader.at]!)) {
    const part = quantified(reader, atom(reader));
    out.text += part.text;
    out.ambiguous ||= part.ambiguous;
    out.unbounded += part.unbounded;
  }
  if (out.unbounded > MAX_UNBOUNDED) {
    throw new SyntaxError(`more than ${MAX_UNBOUNDED} unbounded repetitions in a row could take very long`);
  }
  return out;
}

const quantifier = /(?:[*+?]|\{(\d*)(,?)(\d*)\})/y;

function quantified(reader: RegexReader, part: Part): Part {
  quantifier.lastIndex = reader.at;
  const match = quantifier.exec(reader.source);
  if (!match || match[0] === "{}" || match[0] === "{,}") return part;
  reader.at += match[0].length;
  let text = match[0];
  if (text[0] === "{" && match[1] === "") text = `{0,${match[3]}}`;
  const max =
    text === "*" || text === "+" || text.endsWith(",}")
      ? Number.POSITIVE_INFINITY
      : text === "?"
        ? 1
        : Number(match[3] || match[1]);
  const min = text === "+" ? 1 : text === "*" || text === "?" ? 0 : Number(match[1] || 0);
  if (max > 1 && part.ambiguous)
    throw new SyntaxError("a repetition of something ambiguous could take exponential time");
  if (Number.isFinite(max) && max > 1000) throw new SyntaxError("a repetition of more than 1000 is not supported");
  const repeated: Part = {
    text: `${part.text}${text}`,
    ambiguous: part.ambiguous || max !== min,
    unbounded: part.unbounded + (max - min > 100 ? 1 : 0),
  };
  const suffix = reader.source[reader.at];
  if (suffix === "?") {
    reader.at++;
    return { ...repeated, text: `${repeated.text}?` };
  }
  // Ruby: {n,m}+ is a repetition of a repetition, only ?+ *+ ++ are possessive.
  if (suffix === "+" && match[0][0] !== "{") {
    reader.at++;
    return atomic(reader, repeated);
  }
  return repeated;
}

/** Matches `part` as far as it goes and never gives anything back. */
function atomic(reader: RegexReader, part: Part): Part {
  const name = `a${reader.groups++}`;
  return { ...part, text: `(?=(?<${name}>${part.text}))\\k<${name}>` };
}

const single = (text: string): Part => ({ text, ambiguous: false, unbounded: 0 });

function atom(reader: RegexReader): Part {
  const character = String.fromCodePoint(reader.source.codePointAt(reader.at)!);
  reader.at += character.length;
  switch (character) {
    case "(":
      return group(reader);
    case "[":
      return single(parseClass(reader));
    case ".":
      return single("[^\\n]");
    case "^":
      return single("(?<![^\\n])");
    case "$":
      return single("(?![^\\n])");
    case "*":
    case "+":
    case "?":
      throw new SyntaxError(`nothing to repeat at ${reader.at - 1}`);
    case "\\":
      return single(escapeAtom(reader));
    default:
      return single(reader.ignoreCase ? caseVariants(character) : literal(character));
  }
}

function escapeAtom(reader: RegexReader): string {
  const character = reader.source[reader.at];
  if (character === undefined) throw new SyntaxError("a backslash at the end");
  if (character === "p" || character === "P") return propertyEscape(reader);
  reader.at++;
  if (character === "A") return "(?<![\\s\\S])";
  if (character === "z") return "(?![\\s\\S])";
  if (/[1-9bBGkgKRXZ]/.test(character)) throw new SyntaxError(`\\${character} is not supported`);
  return classEscape(reader, character, false);
}

function group(reader: RegexReader): Part {
  const { source } = reader;
  const opening = /(?:\?(?:[:=!>]|<[=!]|i:))?/y;
  opening.lastIndex = reader.at;
  const kind = opening.exec(source)![0];
  if (kind === "" && source[reader.at] === "?") throw new SyntaxError(`the group at ${reader.at - 1} is not supported`);
  reader.at += kind.length;
  const outer = reader.ignoreCase;
  if (kind === "?i:") reader.ignoreCase = true;
  const body = alternation(reader);
  reader.ignoreCase = outer;
  if (source[reader.at] !== ")") throw new SyntaxError("a group is not closed");
  reader.at++;
  if (kind === "?>") return atomic(reader, body);
  const look = /[=!]$/.test(kind);
  return { ...body, text: `(${look ? kind : "?:"}${body.text})` };
}
