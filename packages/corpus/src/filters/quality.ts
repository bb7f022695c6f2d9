import { checkOptions, fault } from "@cramkit/errors";
import { createFilter, type DecidingFilter } from "./filter.ts";

/** What running prose keeps to. A bound of 0 on a minimum, or of 1 on a share, lets everything through. */
export interface QualityOptions {
  /**
   * The fewest words, which spaces part.
   *
   * @defaultValue `50`
   */
  minWords?: number;
  /**
   * The most words.
   *
   * @defaultValue `100000`
   */
  maxWords?: number;
  /**
   * The shortest mean length of a word, in UTF-16 units.
   *
   * @defaultValue `3`
   */
  minWordLength?: number;
  /**
   * The longest mean length of a word, in UTF-16 units.
   *
   * @defaultValue `10`
   */
  maxWordLength?: number;
  /**
   * Hash signs and ellipses, for each word.
   *
   * @defaultValue `0.1`
   */
  maxSymbols?: number;
  /**
   * The least share of words with a letter in them.
   *
   * @defaultValue `0.8`
   */
  minLetterWords?: number;
  /**
   * How many of "the", "be", "to", "of", "and", "that", "have" and "with" occur at least: 0 for text that is not English.
   *
   * @defaultValue `2`
   */
  minStopWords?: number;
  /**
   * The largest share of lines that begin with a bullet.
   *
   * @defaultValue `0.9`
   */
  maxBulletLines?: number;
  /**
   * The largest share of lines that end with an ellipsis.
   *
   * @defaultValue `0.3`
   */
  maxEllipsisLines?: number;
  /**
   * The largest share of lines that occurred before in the document.
   *
   * @defaultValue `0.3`
   */
  maxRepeatedLines?: number;
  /**
   * The least share of lines that end a sentence: with a full stop, a question mark, an exclamation mark or a closing quote.
   *
   * @defaultValue `0.12`
   */
  minSentenceLines?: number;
}

const stopWords = ["the", "be", "to", "of", "and", "that", "have", "with"];
const bullets = ["-", "*", "\u2022", "\u2023", "\u25e6", "\u25aa", "\u2013"];
const sentenceEnds = [".", "!", "?", '"', "'", "\u201d", "\u2019", "\u3002", "\uff01", "\uff1f"];
const isEllipsis = (text: string): boolean => text.endsWith("...") || text.endsWith("\u2026");

const shareOf = <T>(values: readonly T[], holds: (value: T) => boolean): number => {
  let count = 0;
  for (const value of values) if (holds(value)) count++;
  return values.length === 0 ? 0 : count / values.length;
};

const occurrences = (text: string, part: string): number => {
  let count = 0;
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) count++;
  return count;
};

const checkBounds = (options: Readonly<Record<string, number>>): void => {
  for (const [name, value] of Object.entries(options)) {
    const isCount = /Words$|WordLength$|Symbols$/.test(name) && name !== "minLetterWords";
    if (value >= 0 && (isCount || value <= 1)) continue;
    throw fault({
      code: "invalid-argument",
      place: "quality",
      problem: `expected ${name} to be ${isCount ? "at least 0" : "a share of 0 to 1"}, got ${value}`,
      type: RangeError,
    });
  }
};

/**
 * Why a text is not running prose, or undefined if it is: rules that need no model. They are those of Gopher (Rae et al., arXiv
 * 2112.11446, A.1.1) on words and lines, and FineWeb's on the ends of lines (Penedo et al., arXiv 2406.17557, section 3.6).
 * Empty lines do not count.
 *
 * @throws a fault `invalid-argument` if a bound is below 0, or a share above 1
 */
export const qualityProblem = (options: QualityOptions = {}): ((text: string) => string | undefined) => {
  checkOptions("quality", options, {
    minWords: true,
    maxWords: true,
    minWordLength: true,
    maxWordLength: true,
    maxSymbols: true,
    minLetterWords: true,
    minStopWords: true,
    maxBulletLines: true,
    maxEllipsisLines: true,
    maxRepeatedLines: true,
    minSentenceLines: true,
  });
  const { minWords = 50, maxWords = 100_000, minWordLength = 3, maxWordLength = 10 } = options;
  const { maxSymbols = 0.1, minLetterWords = 0.8, minStopWords = 2 } = options;
  const { maxBulletLines = 0.9, maxEllipsisLines = 0.3, maxRepeatedLines = 0.3, minSentenceLines = 0.12 } = options;
  checkBounds({
    ...{ minWords, maxWords, minWordLength, maxWordLength, maxSymbols, minLetterWords, minStopWords },
    ...{ maxBulletLines, maxEllipsisLines, maxRepeatedLines, minSentenceLines },
  });
  return (text) => {
    const words = text.split(/\s+/u).filter(Boolean);
    const { length } = words;
    if (length < minWords || length > maxWords) return `${length} words`;
    const size = length === 0 ? 0 : words.reduce((sum, word) => sum + word.length, 0) / length;
    if (size < minWordLength || size > maxWordLength) return `words of ${size.toFixed(1)} characters on average`;
    const symbols = occurrences(text, "#") + occurrences(text, "...") + occurrences(text, "\u2026");
    if (symbols > maxSymbols * length) return `${symbols} hash signs and ellipses in ${length} words`;
    const lettered = shareOf(words, (word) => /\p{L}/u.test(word));
    if (length > 0 && lettered < minLetterWords) return `${percent(lettered)} of the words have a letter`;
    const seen = new Set(words.map((word) => word.toLowerCase()));
    const stops = stopWords.filter((word) => seen.has(word)).length;
    if (stops < minStopWords) return `${stops} of the common English words`;
    return lineProblem(text);
  };

  function lineProblem(text: string): string | undefined {
    const lines = text
      .split("\n")
      .map((line) => line.trim())
      .filter(Boolean);
    const bulleted = shareOf(lines, (line) => bullets.includes(line[0]!));
    if (bulleted > maxBulletLines) return `${percent(bulleted)} of the lines begin with a bullet`;
    const trailing = shareOf(lines, isEllipsis);
    if (trailing > maxEllipsisLines) return `${percent(trailing)} of the lines end with an ellipsis`;
    const repeated = lines.length === 0 ? 0 : 1 - new Set(lines).size / lines.length;
    if (repeated > maxRepeatedLines) return `${percent(repeated)} of the lines are repeated`;
    const ended = shareOf(lines, (line) => sentenceEnds.includes(line.at(-1)!));
    if (lines.length > 0 && ended < minSentenceLines) return `${percent(ended)} of the lines end a sentence`;
    return undefined;
  }
};

const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;

/** Keeps running prose, by the rules of `qualityProblem`; lists, menus, tables and code go. */
export const quality = (options: QualityOptions = {}): DecidingFilter => {
  const problemOf = qualityProblem(options);
  return createFilter("quality by rules on words and lines", () => (document) => {
    const problem = problemOf(document.text);
    return problem === undefined ? document : { drop: problem };
  });
};
