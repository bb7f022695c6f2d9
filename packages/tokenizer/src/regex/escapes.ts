import { literal } from "./letter-case.ts";
import { complement, digitSet, propertySet, wordSet } from "./properties.ts";
import type { RegexReader } from "./reader.ts";

const classes: Record<string, (isInClass: boolean) => string> = {
  w: wordSet,
  W: (isInClass) => complement(wordSet(isInClass)),
  d: digitSet,
  D: () => complement(digitSet()),
  s: () => "\\p{White_Space}",
  S: () => "\\P{White_Space}",
  h: () => "[0-9A-Fa-f]",
  H: () => "[^0-9A-Fa-f]",
};

const controls: Record<string, string> = {
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  f: "\f",
  a: "\x07",
  e: "\x1b",
};

/** What an escape stands for: a set, and the character if it is a single one, which a range may begin or end with. */
export interface Escape {
  readonly set: string;
  /**
   * The one character that it stands for.
   *
   * @defaultValue absent for an escape of a class or an assertion
   */
  readonly character?: string;
}

const single = (character: string): Escape => ({ set: literal(character), character });

const numbers = /x\{([0-9A-Fa-f]{1,8})\}|x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{4})|(0[0-7]{0,2})/y;

/** An escape that means one character or a class of them; the reader stands after the backslash. */
export const readEscape = (reader: RegexReader, isInClass: boolean): Escape => {
  const { source } = reader;
  if (reader.at >= source.length) throw new SyntaxError("a backslash at the end");
  const character = String.fromCodePoint(source.codePointAt(reader.at)!);
  if (character === "p" || character === "P") return { set: readProperty(reader) };
  numbers.lastIndex = reader.at;
  const number = numbers.exec(source);
  if (number) {
    reader.at += number[0].length;
    const code = Number.parseInt(number[1] ?? number[2] ?? number[3] ?? number[4]!, number[4] ? 8 : 16);
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
      throw new SyntaxError(`\\${number[0]} is not a character`);
    return single(String.fromCodePoint(code));
  }
  reader.at += character.length;
  if (Object.hasOwn(classes, character)) return { set: classes[character]!(isInClass) };
  if (Object.hasOwn(controls, character)) return single(controls[character]!);
  if (character === "b" && isInClass) return single("\b");
  if (character === "x" || character === "u") throw new SyntaxError(`\\${character} expects hexadecimal digits`);
  if (/^[A-Za-z0-9]$/.test(character) && /[1-9bBGgkKRXyYzZACMcNOQ]/.test(character))
    throw new SyntaxError(`\\${character} is not supported${isInClass ? " inside a class" : ""}`);
  return single(character);
};

/** `\p{...}`, `\p{^...}` or `\P{...}`; the reader stands at the `p`. */
const readProperty = (reader: RegexReader): string => {
  const property = /([pP])\{(\^?)([\w =-]+)\}/y;
  property.lastIndex = reader.at;
  const match = property.exec(reader.source);
  if (!match) throw new SyntaxError("\\p expects a property in braces");
  reader.at += match[0].length;
  const found = propertySet(match[3]!);
  if (found === undefined) throw new SyntaxError(`the property ${match[3]} is not known`);
  return (match[1] === "P") !== (match[2] === "^") ? complement(found) : found;
};
