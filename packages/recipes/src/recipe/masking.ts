import type { Masking } from "@cramkit/packer";
import type { Tokenizer } from "@cramkit/tokenizer";
import type { Recipe } from "./recipe.ts";
import { trainedLength } from "./trained-length.ts";

/** The study's special tokens, by their place in its tokenizers. */
export const specialTokens = ["<pad>", "<s>", "</s>", "<unk>", "<cls>", "<sep>", "<mask>"] as const;

/** The same tokens as BERT writes them. */
const bertNames: Partial<Record<(typeof specialTokens)[number], string>> = {
  "<pad>": "[PAD]",
  "<unk>": "[UNK]",
  "<cls>": "[CLS]",
  "<sep>": "[SEP]",
  "<mask>": "[MASK]",
};

/** A special token as this tokenizer writes it: as the study does, or as BERT does. */
export const specialToken = (tokenizer: Tokenizer, token: (typeof specialTokens)[number]): string => {
  const name = [token, bertNames[token]].find((name) => name !== undefined && tokenizer.tokenToId(name) !== undefined);
  if (name !== undefined) return name;
  throw new RangeError(
    `tokenizer: expected the special token ${token}, got none; train it with the study's special tokens`,
  );
};

export const specialId = (tokenizer: Tokenizer, token: (typeof specialTokens)[number]): number =>
  tokenizer.tokenToId(specialToken(tokenizer, token))!;

/** Refuses a masking that cannot work, before there is a tokenizer. */
export const checkMasking = (recipe: Pick<Recipe, "masking" | "tokenizer" | "rows" | "training">): void => {
  const { masking, tokenizer } = recipe;
  // The pieces of Unigram do not show whether they begin a word; those of the others do, as whole words or by "##".
  if (masking.wholeWords && tokenizer.model === "Unigram") {
    throw new RangeError(
      "masking.wholeWords: expected tokens that tell where a word begins, got those of Unigram; choose another tokenizer.model or leave it out",
    );
  }
  const tokens = trainedLength(recipe);
  if (masking.probability * tokens <= 0.5) {
    throw new RangeError(
      `masking.probability: expected to mask a token of the ${tokens} of a row, got ${masking.probability}; raise it, or rows.seqLength`,
    );
  }
};

/** A recipe's masking policy. */
export const maskingOf = ({ masking }: Pick<Recipe, "masking">, tokenizer: Tokenizer): Masking => {
  const { policy, probability: rate, wholeWords } = masking;
  const wordStarts = wholeWords
    ? Uint8Array.from({ length: tokenizer.vocabSize }, (_, id) => (tokenizer.idToToken(id)?.startsWith("##") ? 0 : 1))
    : undefined;
  if (policy === "bernoulli") {
    const excludedIds = specialTokens.flatMap((token) => tokenizer.tokenToId(token) ?? []);
    return { kind: "bernoulli", rate, excludedIds, wordStarts };
  }
  return { kind: "exact", rate, wordStarts, replacement: policy === "always-mask" ? policy : "80/10/10" };
};
