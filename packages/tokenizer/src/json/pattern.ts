import { fault, problemOf } from "@cramkit/errors";
import { compileRegex } from "../regex/compile-regex.ts";
import type { Pattern } from "../regex/find-matches.ts";
import { asPatternSource, asString, type Field } from "./field.ts";

/** A literal or a regular expression of a component. */
export const readPattern = (field: Field): Pattern => {
  const source = asPatternSource(field);
  if ("string" in source) return source.string;
  const text = asString(source.regex);
  try {
    return compileRegex(text);
  } catch (error) {
    const shown = text.length > 200 ? `${text.slice(0, 197)}...` : text;
    throw fault({
      code: "unsupported",
      place: "tokenizer.json",
      problem: `the regular expression ${JSON.stringify(shown)} at ${source.regex.path} is not supported: ${problemOf(error)}`,
      type: RangeError,
      cause: error,
    });
  }
};
