import type { RowOrder } from "@cramkit/packer/node";
import type { Tokenizer } from "@cramkit/tokenizer";
import { specialId } from "./masking.ts";
import type { Recipe } from "./recipe.ts";

/** A recipe's order of rows, in the tokens of its tokenizer. */
export const rowOrder = ({ rows: { order } }: Recipe, tokenizer: Tokenizer): RowOrder => {
  switch (order) {
    case "as-is":
    case "shuffled":
      return order;
    case "full-stops":
      return { by: "token-count", tokenId: tokenizer.encode(".", { addSpecialTokens: false }).ids[0]! };
    case "separators":
      return { by: "token-count", tokenId: specialId(tokenizer, "<sep>") };
    case "unigram":
      return { by: "unigram", direction: "descending" };
    case "reverse-unigram":
      return { by: "unigram", direction: "ascending" };
    case "word-length":
      return {
        by: "length",
        tokenLengths: Array.from({ length: tokenizer.idLimit }, (_, id) => tokenizer.decode([id]).length),
      };
  }
};
