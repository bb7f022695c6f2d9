import type { Pattern } from "../text/pattern.ts";
import { translateRegex } from "../text/regex.ts";
import { asPatternSource, asString, type Field } from "./field.ts";

/** A literal or a regular expression of a component. */
export function readPattern(field: Field): Pattern {
  const source = asPatternSource(field);
  if ("string" in source) return source.string;
  const text = asString(source.regex);
  try {
    return translateRegex(text);
  } catch (error) {
    throw new RangeError(
      `tokenizer.json: the regular expression at ${source.regex.path} is not supported: ${(error as Error).message}`,
    );
  }
}
