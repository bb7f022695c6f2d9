import { fault, shown } from "@cramkit/errors";
import { isLinear } from "./linear.ts";
import { nativeRegex } from "./native.ts";
import { parseRegex } from "./parse.ts";
import { compileProgram } from "./program.ts";
import { type Found, searchNative, searchProgram } from "./search.ts";

/** A regular expression of a `tokenizer.json`, ready to search. */
export interface Regex {
  readonly source: string;
  /**
   * For JavaScript's own engine, if that is proved to take linear time.
   *
   * @defaultValue absent if that is not proved
   */
  readonly native?: RegExp;
  search(text: string, found: Found): void;
}

/**
 * Compiles an expression in Oniguruma's (Ruby's) dialect. Searching takes time linear in the text: by JavaScript's engine
 * if that is proved, else by one that remembers what it has tried.
 *
 * @throws SyntaxError for what is malformed, and for backreferences, calls and whatever else is not supported
 */
export const compileRegex = (source: string): Regex => {
  const node = parseRegex(source);
  if (isLinear(node)) {
    const native = nativeRegex(node);
    requireCompiled(native);
    return { source, native, search: (text, found) => searchNative(native, text, found) };
  }
  const program = compileProgram(node);
  return {
    source,
    search(text, found) {
      try {
        searchProgram(program, text, found);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        throw fault({
          code: "invalid-input",
          place: "encode",
          problem: `expected a regular expression that can be searched for, got ${shown(source)}: ${error.message}`,
          remedy: "simplify it in the tokenizer.json",
          type: RangeError,
        });
      }
    },
  };
};

/** An engine compiles an expression when it is first used, once for Latin-1 and once for other text, and may find it too large. */
const requireCompiled = (native: RegExp): void => {
  try {
    for (const text of ["", "\u0100"]) native.test(text);
  } catch {
    throw new SyntaxError("it is larger than the engine takes"); // its own message holds the whole expression
  } finally {
    native.lastIndex = 0;
  }
};
