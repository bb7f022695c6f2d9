import { createFilter, type DocumentFilter } from "./filter.ts";

export interface CompressibilityOptions {
  /** Number of tokens of a text by any tokenizer, with the special tokens that it adds. */
  countTokens: (text: string) => number | Promise<number>;
  /** Tokens per character from which a document is dropped: 0.25 in the final recipe, 0.3 in the paper's example. */
  cutoff?: number;
}

/**
 * Keeps documents with fewer than `cutoff` tokens a character (Geiping and Goldstein, 2022, section 4.4). Text that a
 * tokenizer of natural language cannot compress is markup, code or another language.
 */
export function compressible({ countTokens, cutoff = 0.25 }: CompressibilityOptions): DocumentFilter {
  return createFilter(`compressibility below ${cutoff} tokens a character`, () => {
    return async (document) => {
      const { length } = document.text;
      const tokens = await countTokens(document.text);
      return tokens < cutoff * length ? document : { drop: `${tokens} tokens in ${length} characters` };
    };
  });
}
