import { caseVariants, classEscape, literal, propertyEscape } from "./regex-escapes.ts";
import type { RegexReader } from "./regex-reader.ts";

/** A character class; the reader stands behind its `[`. */
export function parseClass(reader: RegexReader): string {
  const { source } = reader;
  const negated = source[reader.at] === "^";
  if (negated) reader.at++;
  const operands: string[] = [];
  let items = "";
  for (let first = true; ; first = false) {
    const character = source[reader.at];
    if (character === undefined) throw new SyntaxError("a character class is not closed");
    if (character === "]" && !first) break;
    if (source.startsWith("&&", reader.at)) {
      reader.at += 2;
      operands.push(`[${items}]`);
      items = "";
    } else if (source.startsWith("[:", reader.at)) {
      throw new SyntaxError("classes such as [:alpha:] are not supported");
    } else if (character === "[") {
      reader.at++;
      items += parseClass(reader);
    } else items += item(reader);
  }
  reader.at++;
  const body = operands.length === 0 ? items : [...operands, `[${items}]`].join("&&");
  return `[${negated ? "^" : ""}${body}]`;
}

const isCharacter = (text: string) => /^(?:[A-Za-z0-9]|\\u\{[0-9a-f]+\})$/.test(text);

/** A character, a range or an escape. */
function item(reader: RegexReader): string {
  const { source } = reader;
  const from = member(reader);
  if (source[reader.at] === "-" && source[reader.at + 1] !== "]" && isCharacter(from)) {
    reader.at++;
    const to = member(reader);
    if (!isCharacter(to)) throw new SyntaxError("a range ends with a class");
    if (reader.ignoreCase) throw new SyntaxError("ranges in (?i:...) are not supported");
    return `${from}-${to}`;
  }
  return reader.ignoreCase && /^[A-Za-z]$/.test(from) ? caseVariants(from) : from;
}

function member(reader: RegexReader): string {
  const character = String.fromCodePoint(reader.source.codePointAt(reader.at)!);
  if (character !== "\\") {
    reader.at += character.length;
    return literal(character);
  }
  const escaped = reader.source[++reader.at];
  if (escaped === undefined) throw new SyntaxError("a backslash at the end");
  if (escaped === "p" || escaped === "P") return propertyEscape(reader);
  reader.at++;
  return escaped === "b" ? literal("\b") : classEscape(reader, escaped, true);
}
