import { root } from "./json/field.ts";
import { readNormalizer } from "./json/normalizer.ts";
import { alignedText } from "./text/aligned-text.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** What a tokenizer loses of single characters. White space, marks and control characters are never lost. */
export interface CharacterLoss {
  /** Normalization leaves nothing of it. */
  isDeleted(character: string): boolean;
  /** UTF-16 units of the characters that are neither deleted nor of a kind that is never lost. */
  countVisible(text: string): number;
  /**
   * Id of the unknown token.
   *
   * @defaultValue there is none
   */
  readonly unknown?: number | undefined;
}

const ignored = /[\s\p{M}\p{C}]/u;

export const characterLoss = (tokenizer: Tokenizer): CharacterLoss => {
  const json = tokenizer.toJSON();
  const normalize = json.normalizer ? readNormalizer(root(json.normalizer, "normalizer")) : undefined;
  const known = new Map<string, boolean>();
  const isDeleted = (character: string) => {
    let answer = known.get(character);
    if (answer === undefined) {
      answer = !ignored.test(character) && normalize?.(alignedText(character)).text === "";
      known.set(character, answer);
    }
    return answer;
  };
  return {
    isDeleted,
    countVisible(text) {
      let count = 0;
      for (const character of text) if (!ignored.test(character) && !isDeleted(character)) count += character.length;
      return count;
    },
    unknown: unknownId(tokenizer),
  };
};

const unknownId = (tokenizer: Tokenizer): number | undefined => {
  const { unk_token: token, unk_id: id } = tokenizer.toJSON().model as { unk_token?: unknown; unk_id?: unknown };
  if (typeof id === "number") return id;
  return typeof token === "string" ? tokenizer.tokenToId(token) : undefined;
};
