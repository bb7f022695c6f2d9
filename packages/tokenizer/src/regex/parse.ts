import { readClass } from "./class.ts";
import { readEscape } from "./escapes.ts";
import { anyCase, literal } from "./letter-case.ts";
import { choice, empty, lengthOf, look, type RegexNode, repeat, sequence, set } from "./node.ts";
import { wordSet } from "./properties.ts";
import { nested, type RegexReader } from "./reader.ts";

/** Reads a regular expression in the dialect of `tokenizer.json`, which is Oniguruma's for Ruby. */
export const parseRegex = (source: string): RegexNode => {
  const reader: RegexReader = { source, at: 0, depth: 0, ignoreCase: false, extended: false, dotAll: false };
  const node = readAlternation(reader);
  if (reader.at < source.length) throw new SyntaxError(`unmatched ) at ${reader.at}`);
  return node;
};

const readAlternation = (reader: RegexReader): RegexNode => {
  const options = [readSequence(reader)];
  while (reader.source[reader.at] === "|") {
    reader.at++;
    options.push(readSequence(reader));
  }
  return choice(options);
};

const readSequence = (reader: RegexReader): RegexNode => {
  const parts: RegexNode[] = [];
  const { source } = reader;
  while (reader.at < source.length && !"|)".includes(source[reader.at]!)) {
    if (skipComment(reader)) continue;
    parts.push(readQuantifiers(reader, readAtom(reader)));
  }
  return sequence(parts);
};

/** `(?#...)`, and in extended expressions whitespace and `#` to the end of the line. */
const skipComment = (reader: RegexReader): boolean => {
  const comment = reader.extended ? /\(\?#(?:[^\\)]|\\[\s\S])*\)|[\t-\r ]|#[^\n]*/y : /\(\?#(?:[^\\)]|\\[\s\S])*\)/y;
  comment.lastIndex = reader.at;
  const match = comment.exec(reader.source);
  if (match) reader.at += match[0].length;
  return match !== null;
};

const quantifier = /[*+?]|\{(?:(\d+)(?:(,)(\d*))?|,(\d+))\}/y;
const MAX_REPETITIONS = 100_000;

const readQuantifiers = (reader: RegexReader, atom: RegexNode): RegexNode => {
  let node = atom;
  for (;;) {
    while (skipComment(reader));
    quantifier.lastIndex = reader.at;
    const match = quantifier.exec(reader.source);
    if (!match) return node;
    reader.at += match[0].length;
    const [text, low, comma, high, upTo] = match;
    let min = text === "+" ? 1 : Number(low ?? 0);
    let max =
      text === "?"
        ? 1
        : text === "*" || text === "+" || (comma && high === "")
          ? Number.POSITIVE_INFINITY
          : Number(upTo ?? (comma ? high : low));
    if (min > MAX_REPETITIONS || (max > MAX_REPETITIONS && max !== Number.POSITIVE_INFINITY))
      throw new SyntaxError(`a repetition of more than ${MAX_REPETITIONS}`);
    const suffix = reader.source[reader.at];
    const isInterval = text[0] === "{";
    // Bounds the wrong way round make a repetition possessive. {n}? is an optional {n}, and {n,m}+ a repeated {n,m}.
    let possessive = min > max;
    if (possessive) [min, max] = [max, min];
    const lazy = suffix === "?" && !possessive && !(isInterval && min === max);
    possessive ||= suffix === "+" && !isInterval;
    if (lazy || (possessive && !isInterval)) reader.at++;
    node = repeat(node, min, max, lazy);
    if (possessive) node = { type: "atomic", body: node };
  }
};

const anything = "\\p{Any}";
const lineFeed = "\\u{a}";
const notLineFeed = "[^\\u{a}]";
const end = () => look(set(anything), false, true);
const start = () => look(set(anything), true, true);

const readAtom = (reader: RegexReader): RegexNode => {
  const character = String.fromCodePoint(reader.source.codePointAt(reader.at)!);
  reader.at += character.length;
  switch (character) {
    case "(":
      return nested(reader, () => readGroup(reader));
    case "[":
      return set(readClass(reader));
    case ".":
      return set(reader.dotAll ? anything : notLineFeed);
    case "^":
      // Behind the last line feed of a text no line begins.
      return choice([start(), sequence([look(set(lineFeed), true, false), look(set(anything), false, false)])]);
    case "$":
      return look(set(notLineFeed), false, true);
    case "*":
    case "+":
    case "?":
      throw new SyntaxError(`nothing to repeat at ${reader.at - 1}`);
    case "\\":
      return readEscaped(reader);
    default:
      return set(reader.ignoreCase ? anyCase(character) : literal(character));
  }
};

const boundary = (negated: boolean): RegexNode => {
  const word = () => set(wordSet(false));
  const side = (behind: boolean, ahead: boolean) =>
    sequence([look(word(), true, !behind), look(word(), false, !ahead)]);
  return choice(negated ? [side(true, true), side(false, false)] : [side(true, false), side(false, true)]);
};

const readEscaped = (reader: RegexReader): RegexNode => {
  const assertions: Record<string, () => RegexNode> = {
    A: start,
    z: end,
    Z: () => choice([end(), look(sequence([set(lineFeed), end()]), false, false)]),
    b: () => boundary(false),
    B: () => boundary(true),
    N: () => set(notLineFeed),
    O: () => set(anything),
    R: () => ({
      type: "atomic",
      body: choice([sequence([set("\\u{d}"), set(lineFeed)]), set("[\\u{a}-\\u{d}\\u{85}\\u{2028}\\u{2029}]")]),
    }),
  };
  const character = reader.source[reader.at] ?? "";
  if (Object.hasOwn(assertions, character)) {
    reader.at++;
    return assertions[character]!();
  }
  const escaped = readEscape(reader, false);
  return set(reader.ignoreCase && escaped.character !== undefined ? anyCase(escaped.character) : escaped.set);
};

const opening = /\?(?:([:=!>]|<[=!])|<[A-Za-z_]\w*>|([imx]*)(?:-([imx]*))?([:)]))/y;

const readGroup = (reader: RegexReader): RegexNode => {
  const { source } = reader;
  const { ignoreCase, extended, dotAll } = reader;
  opening.lastIndex = reader.at;
  const match = opening.exec(source);
  if (!match && source[reader.at] === "?") throw new SyntaxError(`the group at ${reader.at - 1} is not supported`);
  reader.at += match?.[0].length ?? 0;
  const [, kind, on = "", off = "", close] = match ?? [];
  for (const [flags, value] of [
    [on, true],
    [off, false],
  ] as const) {
    if (flags.includes("i")) reader.ignoreCase = value;
    if (flags.includes("x")) reader.extended = value;
    if (flags.includes("m")) reader.dotAll = value;
  }
  // (?i) without a colon holds to the end of the group around it, over all its alternatives.
  const body = readAlternation(reader);
  Object.assign(reader, { ignoreCase, extended, dotAll });
  if (close === ")") return body;
  if (source[reader.at] !== ")") throw new SyntaxError("a group is not closed");
  reader.at++;
  if (kind === ">") return { type: "atomic", body };
  if (!kind || kind === ":") return body.type === "sequence" && body.parts.length === 0 ? empty : body;
  const behind = kind[0] === "<";
  if (behind && lengthOf(body).max > 255) throw new SyntaxError("looking back further than 255 characters");
  return look(body, behind, kind.endsWith("!"));
};
