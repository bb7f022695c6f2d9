import type { ChunkDictionary } from "../chunks/chunk-dictionary.ts";
import { isSameRule } from "../chunks/chunk-rule.ts";
import { type ChunkSequence, writtenElements, writtenOut } from "../chunks/chunk-sequence.ts";
import { chunkTable, longestChunk } from "../chunks/chunk-table.ts";
import { plainPieces } from "../chunks/plain-chunks.ts";
import { chunkList, hashOfChunk, scanChunks } from "../chunks/scan-chunks.ts";
import { createPipeline, eachSegment, type PipelineOptions } from "../pipeline.ts";
import { alignedText, wellFormed } from "../text/aligned-text.ts";
import { isWhitespace } from "../text/characters.ts";
import { addRareFirst, type CountedWords } from "./counted-words.ts";

/** Distinct chunks that are held before they are made into words, of which there are fewer. */
const CAPACITY = 1 << 21;

/** Longer stretches that cannot be cut into chunks are normalized in parts of this many units. */
const LONGEST_STRETCH = 1 << 20;

/** How far back from the end of a part a space is looked for. */
const LOOK_BACK = 1 << 16;

/** Longer words are counted in parts of this many units. */
const LONGEST_WORD = 1 << 16;

/** Counts the words of documents: the pieces that the pre-tokenizer gives, added tokens left out. */
export interface WordCounter {
  add(document: string): void;
  words(): CountedWords;
}

export interface CountingOptions {
  /**
   * Has the numbers of chunks, which others use too: what is counted by them costs no look-up.
   *
   * @defaultValue none: chunks are looked up
   */
  dictionary?: ChunkDictionary | undefined;
}

/**
 * If the pipeline lets text be cut, chunks are counted as they stand and normalized once each at the end, instead of
 * every time that they occur.
 */
export const wordCounter = (
  options: PipelineOptions,
  maxWords: number,
  { dictionary }: CountingOptions = {},
): WordCounter => {
  const { finder, readPieces, rule, plain } = createPipeline(options);
  const numbered = dictionary && rule && isSameRule(rule, dictionary.rule) ? dictionary : undefined;
  const counted: CountedWords = { words: new Map(), dropped: 0 };
  const table = chunkTable();
  const chunks = chunkList();
  const plainPiece = plain && plainPieces(plain).piece;
  let counts = new Float64Array(1 << 12);
  let numberCounts = new Float64Array(1 << 12);

  const countPieces = (text: string, base: number, times: number) => {
    for (const { text: piece, token } of readPieces(alignedText(text, base))) {
      if (token) continue;
      for (const part of cutWord(piece.text)) addRareFirst(counted, part, times, maxWords);
    }
  };

  const countStretch = (text: string, start: number, end: number, base = start) => {
    for (let from = start; from < end; ) {
      const to = partEnd(text, from, end);
      countPieces(text.slice(from, to), from - start + base, 1);
      from = to;
    }
  };

  const countChunk = (text: string, from: number, to: number, hash: number) => {
    let n = table.find(text, from, to, hash);
    if (n === -1) n = table.add(text, from, to, hash);
    if (n >= counts.length) counts = grown(counts);
    counts[n]!++;
  };

  const flush = () => {
    for (let n = 0; n < table.size; n++) countPieces(table.chunk(n), 1, counts[n]!);
    table.clear();
    counts.fill(0);
  };

  const countSequence = (sequence: ChunkSequence) => {
    while (numbered!.size > numberCounts.length) numberCounts = grown(numberCounts);
    for (let at = 0; at < sequence.length; at++) {
      const number = sequence[at]!;
      if (number >= 0) {
        numberCounts[number]!++;
        continue;
      }
      const text = writtenOut(sequence, at);
      if ((at === 0 && rule!.keepSpace) || text.length > longestChunk)
        countStretch(text, 0, text.length, at === 0 ? 0 : 1);
      else countChunk(text, 0, text.length, hashOfChunk(text));
      at += writtenElements(sequence, at) - 1;
    }
  };

  return {
    add(document) {
      if (table.size > CAPACITY) flush();
      const text = wellFormed(document);
      if (numbered && !finder?.mayMatch(text)) return countSequence(numbered.read(text));
      eachSegment(text, finder, ({ start, end, token }) => {
        if (token) return;
        if (!rule) return countStretch(text, start, end);
        let isFirst = rule.keepSpace;
        for (let position = start; position < end; ) {
          position = scanChunks(text, position, end, rule, chunks);
          for (let c = 0; c < chunks.count; c++) {
            const from = chunks.starts[c]!;
            const to = chunks.ends[c]!;
            if (isFirst || to - from > longestChunk) {
              countStretch(text, from, to);
              isFirst = false;
            } else countChunk(text, from, to, chunks.hashes[c]!);
          }
        }
      });
    },
    words() {
      flush();
      if (numbered)
        for (let number = 0; number < numbered.size; number++) {
          const times = numberCounts[number] ?? 0;
          if (times === 0) continue;
          const plain = plainPiece?.(numbered, number);
          if (!plain) countPieces(numbered.chunk(number), 1, times);
          else if (plain.piece !== "") addRareFirst(counted, plain.piece, times, maxWords);
        }
      numberCounts.fill(0);
      return counted;
    },
  };
};

const grown = (old: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> => {
  const larger = new Float64Array(old.length * 2);
  larger.set(old);
  return larger;
};

/** Where the part that begins at `from` ends: before the last whitespace near its end if there is any. */
const partEnd = (text: string, from: number, end: number): number => {
  if (end - from <= LONGEST_STRETCH) return end;
  const last = from + LONGEST_STRETCH;
  for (let i = last; i > last - LOOK_BACK; i--) {
    if (isWhitespace(text.charCodeAt(i)) && !isWhitespace(text.charCodeAt(i - 1))) return i;
  }
  return isLowSurrogate(text.charCodeAt(last)) ? last - 1 : last;
};

const cutWord = (word: string): string[] => {
  if (word.length <= LONGEST_WORD) return [word];
  const parts: string[] = [];
  for (let from = 0; from < word.length; ) {
    let to = Math.min(from + LONGEST_WORD, word.length);
    if (isLowSurrogate(word.charCodeAt(to))) to--;
    parts.push(word.slice(from, to));
    from = to;
  }
  return parts;
};

const isLowSurrogate = (unit: number) => unit >= 0xdc00 && unit < 0xe000;
