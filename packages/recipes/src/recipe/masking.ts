import { fault } from "@cramkit/errors";
import type { Masking } from "@cramkit/packer";
import type { Tokenizer } from "@cramkit/tokenizer";
import type { Recipe } from "./recipe.ts";
import { trainedLength } from "./trained-length.ts";

/** The study's special tokens, by their place in its tokenizers. */
export const specialTokens = ["<pad>", "<s>", "</s>", "<unk>", "<cls>", "<sep>", "<mask>"] as const;

/** The same tokens as BERT and RoBERTa write them. */
const otherNames: Partial<Record<(typeof specialTokens)[number], readonly string[]>> = {
  "<pad>": ["[PAD]"],
  "<unk>": ["[UNK]"],
  "<cls>": ["[CLS]", "<s>"],
  "<sep>": ["[SEP]", "</s>"],
  "<mask>": ["[MASK]"],
};

/** A special token as this tokenizer writes it: as the study does, or as BERT or RoBERTa do. */
export const specialToken = (tokenizer: Tokenizer, token: (typeof specialTokens)[number]): string => {
  const name = [token, ...(otherNames[token] ?? [])].find((name) => tokenizer.tokenToId(name) !== undefined);
  if (name !== undefined) return name;
  throw fault({
    code: "invalid-input",
    place: "tokenizer",
    problem: `expected the special token ${token}, got none`,
    remedy: "train it with the study's special tokens",
    type: RangeError,
  });
};

export const specialId = (tokenizer: Tokenizer, token: (typeof specialTokens)[number]): number =>
  tokenizer.tokenToId(specialToken(tokenizer, token))!;

/** Refuses a masking that cannot work, before there is a tokenizer. */
export const checkMasking = (recipe: Pick<Recipe, "masking" | "tokenizer" | "rows" | "training">): void => {
  const { masking, tokenizer } = recipe;
  // The pieces of Unigram do not show whether they begin a word; those of the others do, as whole words, by "##" or by a space.
  if (masking.wholeWords && tokenizer.model === "Unigram" && tokenizer.from === null) {
    throw fault({
      code: "invalid-input",
      place: "masking.wholeWords",
      problem: "expected tokens that tell where a word begins, got those of Unigram",
      remedy: "choose another tokenizer.model or leave it out",
      type: RangeError,
    });
  }
  const tokens = trainedLength(recipe);
  for (const setting of ["probability", "finalProbability"] as const) {
    const share = masking[setting];
    if (share !== null && share * tokens <= 0.5)
      throw fault({
        code: "invalid-input",
        place: `masking.${setting}`,
        problem: `expected to mask a token of the ${tokens} of a row, got ${share}`,
        remedy: "raise it, or rows.seqLength",
        type: RangeError,
      });
  }
};

/** How a space is written that is part of the token after it. */
const spaces: Record<string, string> = { ByteLevel: "\u0120", Metaspace: "\u2581" };

/** By id, 1 for tokens that begin a word. */
const wordStartsOf = (tokenizer: Tokenizer): Uint8Array => {
  const { pre_tokenizer: preTokenizer, added_tokens: added } = tokenizer.toJSON();
  const space = spaces[preTokenizer?.type ?? ""];
  const alone = new Set(added.map(({ id }) => id));
  return Uint8Array.from({ length: tokenizer.idLimit }, (_, id) => {
    if (alone.has(id)) return 1;
    const token = tokenizer.idToToken(id) ?? "";
    return (space === undefined ? !token.startsWith("##") : token.startsWith(space)) ? 1 : 0;
  });
};

/** The share that is masked at a point of the budget, in steps of a token of a row. */
export const maskedShareAt = (
  { masking, ...rows }: Pick<Recipe, "masking" | "rows" | "training">,
  fraction: number,
): number => {
  const { probability, finalProbability } = masking;
  if (finalProbability === null) return probability;
  const tokens = trainedLength(rows);
  return Math.round((probability + (finalProbability - probability) * fraction) * tokens) / tokens;
};

/** The policy at the point of the budget that `fraction` tells when it is asked: the same object until it changes. */
export const maskingOverBudget = (
  recipe: Pick<Recipe, "masking" | "rows" | "training">,
  tokenizer: Tokenizer,
  fraction: () => number,
): (() => Masking) => {
  let current = maskingOf(recipe, tokenizer);
  return () => {
    const rate = maskedShareAt(recipe, fraction());
    if (rate !== current.rate) current = { ...current, rate };
    return current;
  };
};

/** The policy of held-out rows. */
export const heldOutMasking = (
  { masking, evaluation }: Pick<Recipe, "masking" | "evaluation">,
  tokenizer: Tokenizer,
): Masking => {
  const { maskProbability } = evaluation;
  return maskingOf({ masking: { ...masking, probability: maskProbability ?? masking.probability } }, tokenizer);
};

/** A recipe's masking policy. */
export const maskingOf = ({ masking }: Pick<Recipe, "masking">, tokenizer: Tokenizer): Masking => {
  const { policy, probability: rate, wholeWords } = masking;
  const wordStarts = wholeWords ? wordStartsOf(tokenizer) : undefined;
  if (policy === "bernoulli") {
    const names = specialTokens.flatMap((token) => [token, ...(otherNames[token] ?? [])]);
    const excludedIds = [...new Set(names.flatMap((name) => tokenizer.tokenToId(name) ?? []))];
    return { kind: "bernoulli", rate, excludedIds, wordStarts };
  }
  return { kind: "exact", rate, wordStarts, replacement: policy === "exact" ? "80/10/10" : policy };
};
