import { checkOptions } from "@cramkit/errors";
import { createFilter, type DecidingFilter } from "./filter.ts";

/** What a tokenizer makes of a text. */
export interface TokenCount {
  /** With the special tokens that it adds. */
  tokens: number;
  /** Characters in no token: its normaliser removes them, or no token is known for them. Each counts as one token. */
  uncompressed: number;
}

export interface CompressibilityOptions {
  /** Counts the tokens of a text by any tokenizer; a number alone stands for one that has a token for everything. */
  countTokens: (text: string) => number | TokenCount | Promise<number | TokenCount>;
  /**
   * Tokens per character above which a document is dropped: 0.25 in the final recipe, 0.3 in the paper's example.
   *
   * @defaultValue `0.25`
   */
  cutoff?: number;
  /**
   * Names the tokenizer in the report.
   * @defaultValue it is not named
   */
  by?: string;
}

/**
 * Keeps documents with fewer than `cutoff` tokens a character (Geiping and Goldstein, 2022, section 4.4). Text that a
 * tokenizer of natural language cannot compress is markup, code or another language. What a tokenizer throws away it
 * does not compress either, so each such character counts as a token.
 */
export const compressible = (options: CompressibilityOptions): DecidingFilter => {
  checkOptions("compressible", options, { countTokens: true, cutoff: true, by: true });
  const { countTokens, cutoff = 0.25, by } = options;
  return createFilter(`compressibility below ${cutoff} tokens a character${by === undefined ? "" : ` (${by})`}`, () => {
    return async (document) => {
      const { length } = document.text;
      const count = await countTokens(document.text);
      const { tokens, uncompressed } = typeof count === "number" ? { tokens: count, uncompressed: 0 } : count;
      if (tokens + uncompressed < cutoff * length) return document;
      return { drop: compressionReason(tokens, uncompressed, length) };
    };
  });
};

/** Why a document does not compress, for a report. */
export const compressionReason = (tokens: number, uncompressed: number, characters: number): string => {
  const outside = uncompressed > 0 ? ` and ${uncompressed} characters in none` : "";
  return `${tokens} tokens${outside} in ${characters} characters`;
};
