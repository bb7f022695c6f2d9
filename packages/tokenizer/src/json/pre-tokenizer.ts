import type { PreTokenizer } from "../components.ts";
import { byteLevel } from "../pre-tokenizers/byte-level.ts";
import { metaspace, type PrependScheme, prependSchemes } from "../pre-tokenizers/metaspace.ts";
import { charactersWhere, splitAtMatches, splitBehaviors } from "../pre-tokenizers/split.ts";
import { bertPreTokenizer, whitespace, whitespaceSplit } from "../pre-tokenizers/whitespace.ts";
import { findMatches } from "../regex/find-matches.ts";
import { isNumeric, isPunctuation } from "../text/characters.ts";
import {
  asBoolean,
  asCharacter,
  asOneOf,
  asString,
  type Field,
  fail,
  get,
  optional,
  parts,
  unsupported,
} from "./field.ts";
import { readPattern } from "./pattern.ts";

const readers: Record<string, (field: Field) => PreTokenizer> = {
  Sequence(field) {
    const sequence = parts(get(field, "pretokenizers")).map(readPreTokenizer);
    return (text) => sequence.reduce((pieces, split) => pieces.flatMap((piece) => split(piece)), [text]);
  },
  Whitespace: () => whitespace,
  WhitespaceSplit: () => whitespaceSplit,
  BertPreTokenizer: () => bertPreTokenizer,
  ByteLevel: (field) =>
    byteLevel(asBoolean(get(field, "add_prefix_space")), optional(get(field, "use_regex"), asBoolean, true)),
  Metaspace: (field) =>
    metaspace(
      asCharacter(get(field, "replacement")),
      readPrependScheme(field),
      optional(get(field, "split"), asBoolean, true),
    ),
  Punctuation(field) {
    const behavior = optional(get(field, "behavior"), (f) => asOneOf(f, splitBehaviors), "Isolated" as const);
    return (t) => splitAtMatches(t, charactersWhere(t.text, isPunctuation), behavior);
  },
  Digits(field) {
    const behavior = asBoolean(get(field, "individual_digits")) ? "Isolated" : "Contiguous";
    return (t) => splitAtMatches(t, charactersWhere(t.text, isNumeric), behavior);
  },
  CharDelimiterSplit(field) {
    const delimiter = asCharacter(get(field, "delimiter"));
    return (t) => splitAtMatches(t, findMatches(delimiter, t.text), "Removed");
  },
  Split(field) {
    const pattern = readPattern(get(field, "pattern"));
    const behavior = asOneOf(get(field, "behavior"), splitBehaviors);
    const invert = asBoolean(get(field, "invert"));
    return (t) => splitAtMatches(t, findMatches(pattern, t.text), behavior, invert);
  },
};

/** `prepend_scheme`, or `add_prefix_space` as older files have it. */
export const readPrependScheme = (field: Field): PrependScheme => {
  const scheme = optional(get(field, "prepend_scheme"), (f) => asOneOf(f, prependSchemes), "always" as const);
  const prefix = get(field, "add_prefix_space");
  if (optional(prefix, asBoolean, true)) return scheme;
  const given = get(field, "prepend_scheme").value;
  if (given !== undefined && given !== "never") fail(prefix, 'true, to agree with "prepend_scheme"');
  return "never";
};

export const readPreTokenizer = (field: Field): PreTokenizer => {
  const type = asString(get(field, "type"));
  return Object.hasOwn(readers, type)
    ? readers[type]!(field)
    : unsupported(field, "pre-tokenizer", Object.keys(readers));
};
