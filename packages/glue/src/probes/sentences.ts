import { checkOptions } from "@cramkit/errors";

export interface SentenceOptions {
  /**
   * Words, separated by spaces, that a sentence has at least.
   * @defaultValue `6`
   */
  minWords?: number;
  /** @defaultValue `40` */
  maxWords?: number;
}

/** Sentences of one document that stand next to each other, in order. */
export type Passage = readonly string[];

/**
 * The running prose of a document: its paragraphs (between empty lines) cut after `.`, `!` or `?` where a space and a
 * capital letter follow. Kept are sentences that begin with a capital letter, end with one of the three marks, consist
 * of words and ordinary punctuation for at least four fifths of their words, and have the asked number of words. A
 * passage ends at every sentence that is not kept and at the end of a paragraph.
 */
export const passages = (document: string, options: SentenceOptions = {}): Passage[] => {
  checkOptions("passages", options, { minWords: true, maxWords: true });
  const { minWords = 6, maxWords = 40 } = options;
  const result: string[][] = [];
  for (const paragraph of document.split(/\n[^\S\n]*\n/)) {
    let passage: string[] = [];
    for (const sentence of paragraph.replace(/\s+/g, " ").trim().split(boundary)) {
      if (isProse(sentence, minWords, maxWords)) passage.push(sentence);
      else {
        if (passage.length > 0) result.push(passage);
        passage = [];
      }
    }
    if (passage.length > 0) result.push(passage);
  }
  return result;
};

const boundary = /(?<=[.!?]["')\]]?) (?=["'(]?\p{Lu})/u;
const word = /^["'(]*\p{L}[\p{L}'-]*["'),.;:!?]*$/u;

const isProse = (sentence: string, minWords: number, maxWords: number): boolean => {
  if (!/^["'(]?\p{Lu}.*[.!?]["')\]]?$/u.test(sentence)) return false;
  const words = sentence.split(" ");
  if (words.length < minWords || words.length > maxWords) return false;
  return words.filter((each) => word.test(each)).length >= 0.8 * words.length;
};
