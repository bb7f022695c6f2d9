import { rangeClass, unicodeDifferences } from "../text/unicode-differences.ts";

/** Oniguruma's tables are of Unicode 15: what was assigned later is nothing but unassigned there. */
const unassigned = () => rangeClass(unicodeDifferences.unassigned.withIt);

const known = (set: string) => `[[${set}]--[${unassigned()}]]`;
const unknownToo = (set: string) => `[${set}${unassigned()}]`;

/** Short and long names of Unicode's general categories that are spelt with more than one capital. */
const spellings = ["ASCII", "LC"];

const compact = (name: string) => name.toLowerCase().replace(/[\s_-]/g, "");

/** Names of POSIX, which are those of `[[:alpha:]]` too. Their definitions are those of Oniguruma's documentation. */
const posix: Record<string, string> = {
  alnum: "\\p{Alphabetic}\\p{Nd}",
  alpha: "\\p{Alphabetic}",
  ascii: "\\p{ASCII}",
  blank: "\\p{Zs}\\t",
  cntrl: "\\p{Cc}",
  digit: "\\p{Nd}",
  graph: "[\\p{Any}--[\\p{White_Space}\\p{Cc}\\p{Cn}\\p{Cs}]]",
  lower: "\\p{Lowercase}\\u{295}",
  print: "[\\p{Any}--[\\p{Cc}\\p{Cn}\\p{Cs}\\p{Zl}\\p{Zp}]]",
  punct: "\\p{P}\\p{S}",
  space: "\\p{White_Space}",
  upper: "\\p{Uppercase}",
  xdigit: "0-9a-fA-F",
  word: "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}",
};

const isProperty = (name: string) => {
  try {
    new RegExp(`\\p{${name}}`, "v");
    return true;
  } catch {
    return false;
  }
};

/** The spelling that JavaScript wants: `script=greek`, `old_italic` and `lu` are `Script=Greek`, `Old_Italic`, `Lu`. */
const spelled = (name: string): string | undefined => {
  const capitals = name
    .toLowerCase()
    .split(/[\s_-]+/)
    .map((word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`)
    .join("_");
  const upper = spellings.find((spelling) => compact(spelling) === compact(name));
  const names = [upper, name, capitals].flatMap((candidate) => (candidate ? [candidate] : []));
  return names.flatMap((candidate) => [candidate, `Script=${candidate}`]).find(isProperty);
};

/** The characters of a property or of a POSIX class, as an operand of a class; undefined if there is no such name. */
export const propertySet = (name: string): string | undefined => {
  const key = compact(name);
  if (Object.hasOwn(posix, key)) return known(posix[key]!);
  if (key === "any") return "\\p{Any}";
  if (["cn", "unassigned"].includes(key)) return unknownToo("\\p{Cn}");
  if (["c", "other"].includes(key)) return unknownToo("\\p{C}");
  if (["ll", "lowercaseletter"].includes(key)) return known("\\p{Ll}\\u{295}");
  if (["lo", "otherletter"].includes(key)) return known("[\\p{Lo}--\\u{295}]");
  const spelling = spelled(name);
  return spelling && known(`\\p{${spelling}}`);
};

/** `\w`; Oniguruma has a table of its own for the first 256 characters, in which more numbers are of words; classes do without. */
export const wordSet = (isInClass: boolean) =>
  known(`${posix.word}${isInClass ? "" : "\\u{b2}\\u{b3}\\u{b9}\\u{bc}-\\u{be}"}`);

export const digitSet = () => known("\\p{Nd}");

export const complement = (set: string) => `[^${set}]`;
