import type { Tokenizer } from "@cramkit/tokenizer";

/**
 * Counts the characters of a text that are in no known token: those that the normaliser removes, and those of unknown
 * tokens. White space, accents and control characters do not count. `ids` are those of the text.
 */
export type UncompressedCounter = (text: string, ids: ArrayLike<number>) => number;

const notAscii = /[^\0-\x7f]/g;
const ignored = /[\s\p{M}\p{C}]/u;

/**
 * A counter for a tokenizer. Text of ASCII without unknown tokens costs a glance. Of other text only the words with other
 * characters are encoded again, with their offsets; all of it where there are unknown tokens.
 */
export const uncompressedCounter = (tokenizer: Tokenizer): UncompressedCounter => {
  const unknown = unknownId(tokenizer);
  return (text, ids) => {
    if (unknown !== undefined && Array.prototype.indexOf.call(ids, unknown) >= 0)
      return uncovered(tokenizer, text, unknown);
    notAscii.lastIndex = 0;
    return notAscii.test(text) ? uncovered(tokenizer, wordsBeyondAscii(text), unknown) : 0;
  };
};

const unknownId = (tokenizer: Tokenizer): number | undefined => {
  const { unk_token: token, unk_id: id } = tokenizer.toJSON().model as { unk_token?: unknown; unk_id?: unknown };
  if (typeof id === "number") return id;
  return typeof token === "string" ? tokenizer.tokenToId(token) : undefined;
};

const uncovered = (tokenizer: Tokenizer, text: string, unknown: number | undefined): number => {
  const { ids, offsets } = tokenizer.encode(text, { addSpecialTokens: false, truncation: false, offsetUnit: "utf16" });
  const covered = new Uint8Array(text.length);
  for (const [index, [from, to]] of offsets.entries()) if (ids[index] !== unknown) covered.fill(1, from, to);
  let count = 0;
  for (let at = 0; at < text.length; at++) {
    if (covered[at] === 1) continue;
    const sign = String.fromCodePoint(text.codePointAt(at)!);
    if (!ignored.test(sign)) count += sign.length;
    at += sign.length - 1;
  }
  return count;
};

/** The words that hold a character beyond ASCII, as they stand between white space. */
const wordsBeyondAscii = (text: string): string => {
  const words: string[] = [];
  let done = 0;
  for (let found = search(notAscii, text, 0); found >= 0; found = search(notAscii, text, done)) {
    let from = found;
    while (from > done && text.charCodeAt(from - 1) > 32) from--;
    done = found + 1;
    while (done < text.length && text.charCodeAt(done) > 32) done++;
    words.push(text.slice(from, done));
  }
  return words.join(" ");
};

const search = (pattern: RegExp, text: string, from: number): number => {
  pattern.lastIndex = from;
  return pattern.exec(text)?.index ?? -1;
};
