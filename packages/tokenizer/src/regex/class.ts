import { readEscape } from "./escapes.ts";
import { itemsOfAnyCase, literal } from "./letter-case.ts";
import { complement, propertySet } from "./properties.ts";
import { nested, type RegexReader } from "./reader.ts";

/** A character class; the reader stands after its `[`. */
export const readClass = (reader: RegexReader): string => {
  const { source } = reader;
  const negated = source[reader.at] === "^";
  if (negated) reader.at++;
  const operands: string[] = [];
  let items = "";
  const closeOperand = () => {
    operands.push(`[${reader.ignoreCase ? itemsOfAnyCase(items) : items}]`);
    items = "";
  };
  for (let first = true; ; first = false) {
    const character = source[reader.at];
    if (character === undefined) throw new SyntaxError("a character class is not closed");
    if (character === "]") {
      if (!first) break;
      if (!source.includes("]", reader.at + 1)) throw new SyntaxError("a character class is empty");
    }
    if (source.startsWith("&&", reader.at)) {
      reader.at += 2;
      closeOperand();
    } else if (character === "[") items += readPosix(reader) ?? readNested(reader);
    else items += readItem(reader);
  }
  reader.at++;
  closeOperand();
  const body = operands.length === 1 ? operands[0]!.slice(1, -1) : operands.join("&&");
  return `[${negated ? "^" : ""}${body}]`;
};

const readNested = (reader: RegexReader): string => {
  reader.at++;
  return nested(reader, () => readClass(reader));
};

/** `[:alpha:]` or `[:^alpha:]`; without the colons it is a class like any other. */
const readPosix = (reader: RegexReader): string | undefined => {
  const bracket = /\[:(\^?)([a-z]+):\]/y;
  bracket.lastIndex = reader.at;
  const match = bracket.exec(reader.source);
  if (!match) return undefined;
  const found = propertySet(match[2]!);
  if (found === undefined) throw new SyntaxError(`the class [:${match[2]}:] is not known`);
  reader.at += match[0].length;
  return match[1] === "^" ? complement(found) : found;
};

/** A character, a range or an escape. */
const readItem = (reader: RegexReader): string => {
  const { source } = reader;
  const from = readMember(reader);
  if (from.character === undefined || source[reader.at] !== "-" || "][".includes(source[reader.at + 1] ?? "]"))
    return from.set;
  reader.at++;
  const to = readMember(reader);
  // A class cannot end a range: the three stand for themselves.
  if (to.character === undefined) return `${from.set}\\u{2d}${to.set}`;
  if (to.character.codePointAt(0)! < from.character.codePointAt(0)!)
    throw new SyntaxError(`the range ${from.character}-${to.character} is empty`);
  return `${from.set}-${to.set}`;
};

const readMember = (reader: RegexReader) => {
  const character = String.fromCodePoint(reader.source.codePointAt(reader.at)!);
  reader.at += character.length;
  return character === "\\" ? readEscape(reader, true) : { set: literal(character), character };
};
