import { characterLoss } from "./character-loss.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** What becomes of the characters of a text, in UTF-16 units. White space, marks and control characters are never lost. */
export interface TextCoverage {
  readonly characters: number;
  /** Characters of which normalization leaves nothing. */
  readonly deleted: number;
  /** Other characters in unknown tokens. */
  readonly unknown: number;
}

const notAscii = /[^\0-\x7f]/gu;

/**
 * Counts what a tokenizer loses of texts. `ids` are those of the text, if they are there already. Text of ASCII without
 * unknown tokens costs a glance; a text with unknown tokens is encoded again, with its offsets.
 */
export const coverageCounter = (tokenizer: Tokenizer): ((text: string, ids?: ArrayLike<number>) => TextCoverage) => {
  const { isDeleted, countVisible, unknown } = characterLoss(tokenizer);
  const ascii = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code));
  const losesAscii = ascii.some(isDeleted);

  const countDeleted = (text: string): number => {
    let deleted = 0;
    const count = (character: string) => {
      if (isDeleted(character)) deleted += character.length;
    };
    if (losesAscii) for (const character of text) count(character);
    else {
      notAscii.lastIndex = 0;
      for (let found = notAscii.exec(text); found; found = notAscii.exec(text)) count(found[0]);
    }
    return deleted;
  };

  const countUnknown = (text: string): number => {
    const { ids, offsets } = tokenizer.encode(text, {
      addSpecialTokens: false,
      truncation: false,
      padding: false,
      splitSpecialTokens: true,
      offsetUnit: "utf16",
    });
    let count = 0;
    offsets.forEach(([from, to], i) => {
      if (ids[i] === unknown) count += countVisible(text.slice(from, to));
    });
    return count;
  };

  return (text, ids = tokenizer.encodeIds(text, { splitSpecialTokens: true })) => ({
    characters: text.length,
    deleted: countDeleted(text),
    unknown: unknown !== undefined && Array.prototype.indexOf.call(ids, unknown) >= 0 ? countUnknown(text) : 0,
  });
};
