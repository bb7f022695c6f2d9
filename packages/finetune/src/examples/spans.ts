import { fault, shown } from "@cramkit/errors";
import { entitiesOf } from "@cramkit/metrics";
import type { Example, Span } from "./example.ts";

/** Where a word is in its text, in UTF-16 units. */
export interface Word {
  readonly start: number;
  readonly end: number;
}

/** Letters, digits and marks that stand together are a word, and so is every other sign but a space. */
const wordPattern = /[\p{L}\p{N}\p{M}]+|[^\s\p{L}\p{N}\p{M}]/gu;

/** The words of a text: what tags are given to. */
export const wordsOf = (text: string): Word[] =>
  Array.from(text.matchAll(wordPattern), ({ index, 0: word }) => ({ start: index, end: index + word.length }));

/** Refuses spans that lie outside their text, are empty, or cross each other. */
export const checkSpans = ({ text, label }: Example, place: string): void => {
  const refuse = (problem: string) =>
    fault({
      code: "invalid-input",
      place,
      problem,
      remedy: "correct the row; these offsets count UTF-16 units, as JavaScript does",
      details: { option: "offsets" },
      type: RangeError,
    });
  const spans = [...(label as readonly Span[])].sort((a, b) => a.start - b.start);
  let before: Span | undefined;
  for (const span of spans) {
    const { start, end, label: name } = span;
    if (typeof name !== "string" || name === "" || !Number.isInteger(start) || !Number.isInteger(end))
      throw refuse(`expected spans with a start, an end and a label, got ${shown(span)}`);
    if (start < 0 || end > text.length || start >= end)
      throw refuse(`expected a span within the ${text.length} units of its text, got ${start} to ${end} ("${name}")`);
    if (before && start < before.end)
      throw refuse(
        `expected spans side by side, got ${before.start} to ${before.end} ("${before.label}") and ${start} to ${end} ("${name}"), which cross`,
      );
    before = span;
  }
};

/**
 * The tags of words in BIO. A word belongs to the first span that touches it: a span that ends inside a word is widened to it,
 * which `widened` counts. Spans without a word are lost, as no token can carry them.
 */
export const tagsOf = (
  words: readonly Word[],
  spans: readonly Span[],
): { tags: string[]; widened: number; lost: number } => {
  const sorted = [...spans].sort((a, b) => a.start - b.start);
  const tags = words.map(() => "O");
  let [widened, lost, word] = [0, 0, 0];
  for (const { start, end, label } of sorted) {
    while (word < words.length && words[word]!.end <= start) word++;
    let first = true;
    const from = word;
    for (; word < words.length && words[word]!.start < end; word++) {
      tags[word] = `${first ? "B" : "I"}-${label}`;
      first = false;
    }
    if (first) lost++;
    else if (words[from]!.start !== start || words[word - 1]!.end !== end) widened++;
  }
  return { tags, widened, lost };
};

/** The spans that tags of words name. */
export const spansOf = (words: readonly Word[], tags: readonly string[]): (Span & { first: number; last: number })[] =>
  entitiesOf(tags).map(({ type, start, end }) => ({
    start: words[start]!.start,
    end: words[end - 1]!.end,
    label: type,
    first: start,
    last: end - 1,
  }));
