import { fault } from "@cramkit/errors";
import { type Tokenizer, tokenizerFromJson } from "@cramkit/tokenizer";

const asText = { addSpecialTokens: false, truncation: false, padding: false } as const;

/** Tokens of a word, without those of a template. */
export const piecesOf = (tokenizer: Tokenizer, word: string): Uint32Array => tokenizer.encodeIds(word, asText);

/**
 * The tokenizer with more words, after its vocabulary: each is found as a whole word in the normalized text.
 *
 * @throws a fault `invalid-input` over a word that is there already, or that no text can hold
 */
export const withAddedTokens = (tokenizer: Tokenizer, words: readonly string[]): Tokenizer => {
  if (words.length === 0) return tokenizer;
  const refuse = (problem: string, remedy: string): never => {
    throw fault({ code: "invalid-input", place: "tokenizer.add", problem, remedy, type: RangeError });
  };
  for (const [index, word] of words.entries()) {
    if (words.indexOf(word) !== index) refuse(`expected each word once, got "${word}" twice`, "leave one of them out");
    if (tokenizer.tokenToId(word) !== undefined)
      refuse(`expected words that are not in the vocabulary, got "${word}"`, "leave it out");
    if (piecesOf(tokenizer, word).length === 0)
      refuse(
        `expected words of which the tokenizer keeps something, got "${word}", which it deletes`,
        "leave it out, or write it as the tokenizer does",
      );
  }
  const json = tokenizer.toJSON();
  const fixed = { single_word: true, lstrip: false, rstrip: false, normalized: true, special: false };
  const added = words.map((content, i) => ({ ...fixed, id: tokenizer.idLimit + i, content }));
  const grown = tokenizerFromJson({ ...json, added_tokens: [...json.added_tokens, ...added] });
  for (const { id, content } of added) {
    const ids = piecesOf(grown, content);
    if (ids.length !== 1 || ids[0] !== id)
      refuse(
        `expected words that are found in a text as they are written, got "${content}", which becomes ${[...ids].map((id) => grown.idToToken(id)).join(" ")}`,
        "leave it out, or write it as the tokenizer does",
      );
  }
  return grown;
};
