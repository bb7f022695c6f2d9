import type { EncodedExample } from "../encode/encode.ts";
import type { Example } from "../examples/example.ts";

/** Texts that are to find others. Every text is in it once, however many examples have it. */
export interface RetrievalSet {
  readonly examples: readonly Example[];
  readonly rows: readonly EncodedExample[];
  /** Each example's text, as a row. */
  readonly queries: Int32Array;
  /** What can be found, as rows. */
  readonly candidates: Int32Array;
  /** What each example is to find, as an index into `candidates`. */
  readonly wanted: Int32Array;
  /** Candidates that would be no mistake, or are the text itself, by example. */
  readonly ignored: readonly ReadonlySet<number>[];
  readonly candidateTexts: readonly string[];
}

/** Examples with a second text each as a set: all second texts and negatives can be found. */
export const retrievalSet = (examples: readonly Example[], rowOf: (text: string) => EncodedExample): RetrievalSet => {
  const known = new Map<string, number>();
  const rows: EncodedExample[] = [];
  const rowNumber = (text: string): number => {
    const found = known.get(text);
    if (found !== undefined) return found;
    known.set(text, rows.length);
    rows.push(rowOf(text));
    return rows.length - 1;
  };
  const places = new Map<string, number>();
  const candidate = (text: string): number => {
    if (!places.has(text)) places.set(text, places.size);
    return places.get(text)!;
  };
  const queries = Int32Array.from(examples, ({ text }) => rowNumber(text));
  const wanted = Int32Array.from(examples, ({ pair }) => candidate(pair!));
  for (const { negative } of examples) if (negative !== undefined) candidate(negative);
  const belonging = new Map<string, Set<number>>();
  for (const [i, { text }] of examples.entries())
    belonging.set(text, (belonging.get(text) ?? new Set<number>()).add(wanted[i]!));
  const ignored = examples.map(({ text }, i) => {
    const itself = places.get(text);
    const all = new Set([...belonging.get(text)!, ...(itself === undefined ? [] : [itself])]);
    all.delete(wanted[i]!);
    return all;
  });
  const candidateTexts = [...places.keys()];
  const candidates = Int32Array.from(candidateTexts, rowNumber);
  return { examples, rows, queries, candidates, wanted, ignored, candidateTexts };
};

/**
 * A text as two, of which the first half is to find the second: what can be measured without pairs. Undefined for a text
 * that has no halves.
 */
export const halvesOf = (example: Example): Example | undefined => {
  const words = example.text.trim().split(/\s+/);
  const [parts, sign] = words.length > 1 ? [words, " "] : [Array.from(words[0]!), ""];
  if (parts.length < 2) return undefined;
  const half = Math.ceil(parts.length / 2);
  return { ...example, text: parts.slice(0, half).join(sign), pair: parts.slice(half).join(sign) };
};
