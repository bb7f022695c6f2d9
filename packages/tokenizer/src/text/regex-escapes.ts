import type { RegexReader } from "./regex-reader.ts";
import { rangeClass, unicodeDifferences } from "./unicode-differences.ts";

/** One character as a pattern; everything but letters and digits is escaped, so that it means the same anywhere. */
export const literal = (character: string) =>
  /[A-Za-z0-9]/.test(character) ? character : `\\u{${character.codePointAt(0)!.toString(16)}}`;

/** The characters that are equal to this one when case is ignored. */
export function caseVariants(character: string): string {
  const variants = new Set([character, character.toLowerCase(), character.toUpperCase()]);
  if (variants.has("s")) variants.add("\u017f");
  if (variants.has("k")) variants.add("\u212a");
  const single = [...variants].filter((variant) => Array.from(variant).length === 1);
  return single.length === 1 ? literal(character) : `[${single.map(literal).join("")}]`;
}

const less = (set: string, ranges: string) => `[[${set}]--[${rangeClass(ranges)}]]`;
const letter = () => less("\\p{L}", unicodeDifferences.letter.without);
const number = (property: string) => less(property, unicodeDifferences.number.without);

/** Oniguruma has a table of its own for the first 256 characters, in which more numbers are of words; classes do without. */
const wordCharacter = (isInClass: boolean) =>
  less(
    `\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}${isInClass ? "" : "\\u{b2}\\u{b3}\\u{b9}\\u{bc}-\\u{be}"}`,
    unicodeDifferences.wordCharacter.without,
  );

const classes: Record<string, string> = {
  s: "\\p{White_Space}",
  S: "\\P{White_Space}",
  h: "[0-9A-Fa-f]",
  H: "[^0-9A-Fa-f]",
};

const controls: Record<string, string> = {
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  f: "\f",
  a: "\x07",
  e: "\x1b",
  "0": "\0",
};

/** What `\` and `character` mean, inside a class or outside; the reader stands behind them. */
export function classEscape(reader: RegexReader, character: string, isInClass: boolean): string {
  if (character === "w") return wordCharacter(isInClass);
  if (character === "W") return `[^${wordCharacter(isInClass)}]`;
  if (character === "d") return number("\\p{Nd}");
  if (character === "D") return `[^${number("\\p{Nd}")}]`;
  if (Object.hasOwn(classes, character)) return classes[character]!;
  if (Object.hasOwn(controls, character)) return literal(controls[character]!);
  if (character === "x" || character === "u") {
    const digits = character === "x" ? /\{([0-9A-Fa-f]{1,6})\}|([0-9A-Fa-f]{2})/y : /()([0-9A-Fa-f]{4})/y;
    digits.lastIndex = reader.at;
    const match = digits.exec(reader.source);
    if (!match) throw new SyntaxError(`\\${character} expects hexadecimal digits`);
    reader.at += match[0].length;
    return literal(String.fromCodePoint(Number.parseInt(match[1] || match[2]!, 16)));
  }
  if (/[A-Za-z0-9]/.test(character)) throw new SyntaxError(`\\${character} is not supported`);
  return literal(character);
}

/** `\p{...}`, `\p{^...}` or `\P{...}`; the reader stands at the `p`. */
export function propertyEscape(reader: RegexReader): string {
  const property = /([pP])(?:\{(\^?)([\w=]+)\}|([A-Z]))/y;
  property.lastIndex = reader.at;
  const match = property.exec(reader.source);
  if (!match) throw new SyntaxError("\\p expects a property in braces");
  reader.at += match[0].length;
  const negated = (match[1] === "P") !== (match[2] === "^");
  const name = match[3] ?? match[4]!;
  if (name === "L") return negated ? `[^${letter()}]` : letter();
  if (name === "N") return negated ? `[^${number("\\p{N}")}]` : number("\\p{N}");
  for (const candidate of [name, `Script=${name}`]) {
    try {
      const text = `\\${negated ? "P" : "p"}{${candidate}}`;
      new RegExp(text, "v");
      return text;
    } catch {
      // Not the name of that kind of property.
    }
  }
  throw new SyntaxError(`the property ${name} is not known`);
}
