import { refuseUnknown } from "../options.ts";
import { wellFormed } from "../text/aligned-text.ts";
import type { ChunkRule } from "./chunk-rule.ts";
import { chunkTable, longestChunk } from "./chunk-table.ts";
import { chunkList, scanChunks } from "./scan-chunks.ts";

/** Chunks by their numbers. */
export interface NumberedChunks {
  readonly rule: ChunkRule;
  readonly size: number;
  chunk(number: number): string;
}

/**
 * A text as the numbers of its chunks, in their order. A stretch that has no number is written out: minus its length, and
 * then its UTF-16 units, two in each element.
 */
export type ChunkSequence = Int32Array;

/** Numbers the chunks of texts, the first `maxChunks` different ones that come. */
export interface ChunkDictionary extends NumberedChunks {
  /** The chunks of a text; borrowed until another text is read. The text that was read last costs nothing. */
  read(text: string): ChunkSequence;
  /** False once much of the text so far is in chunks without a number, as that of languages without spaces is. */
  readonly isWorthwhile: boolean;
}

/** Chunks that have numbers, some 60 MB: what 500 MB of English have. */
const maxChunksDefault = 1 << 20;
/** Share of text without numbers from which on chunks are not worth their while, once there is text enough to tell. */
const mostUnnumbered = 0.3;
const judgedUnits = 1 << 20;
/** A larger buffer is given back when the next text needs less. */
const keptElements = 1 << 22;

/** Numbers the chunks that `rule` cuts texts into: `chunkRule` has that of a tokenizer. */
export const chunkDictionary = (
  rule: ChunkRule,
  options: {
    /** @defaultValue 1,048,576 */
    maxChunks?: number;
  } = {},
): ChunkDictionary => {
  refuseUnknown("chunkDictionary", options, ["maxChunks"]);
  const { maxChunks = maxChunksDefault } = options;
  const table = chunkTable();
  const chunks = chunkList();
  let buffer = new Int32Array(1 << 12);
  let used = 0;
  let last: { text: string; sequence: ChunkSequence } | undefined;
  let [units, without] = [0, 0];

  const makeRoom = (more: number) => {
    if (used + more <= buffer.length) return;
    const old = buffer;
    buffer = new Int32Array(Math.max(old.length * 2, used + more));
    buffer.set(old.subarray(0, used));
  };

  const writeOut = (text: string, from: number, to: number) => {
    without += to - from;
    makeRoom(1 + ((to - from + 1) >> 1));
    buffer[used++] = from - to;
    for (let i = from; i < to; i += 2)
      buffer[used++] = text.charCodeAt(i) | (i + 1 < to ? text.charCodeAt(i + 1) << 16 : 0);
  };

  const readChunks = (text: string): ChunkSequence => {
    if (buffer.length > keptElements) buffer = new Int32Array(1 << 12);
    used = 0;
    units += text.length;
    let isFirst = rule.keepSpace; // its tokens depend on its place
    for (let position = 0; position < text.length; ) {
      position = scanChunks(text, position, text.length, rule, chunks);
      makeRoom(chunks.count);
      for (let c = 0; c < chunks.count; c++) {
        const from = chunks.starts[c]!;
        const to = chunks.ends[c]!;
        let number = -1;
        if (!isFirst && to - from <= longestChunk) {
          const hash = chunks.hashes[c]!;
          number = table.find(text, from, to, hash);
          if (number === -1 && table.size < maxChunks) number = table.add(text, from, to, hash);
        }
        isFirst = false;
        if (number === -1) {
          writeOut(text, from, to);
          makeRoom(chunks.count - c);
        } else buffer[used++] = number;
      }
    }
    return buffer.subarray(0, used);
  };

  return {
    rule,
    get size() {
      return table.size;
    },
    chunk: table.chunk,
    get isWorthwhile() {
      return units < judgedUnits || without <= mostUnnumbered * units;
    },
    read(text) {
      if (last?.text !== text) last = { text, sequence: readChunks(wellFormed(text)) };
      return last.sequence;
    },
  };
};

/** The text of a stretch that is written out at `at`, where minus its length stands. */
export const writtenOut = (sequence: ChunkSequence, at: number): string => {
  const length = -sequence[at]!;
  const parts: string[] = [];
  const units = new Uint16Array(Math.min(length, 1 << 12));
  for (let done = 0; done < length; ) {
    const count = Math.min(units.length, length - done);
    for (let i = 0; i < count; i++) {
      const pair = sequence[at + 1 + ((done + i) >> 1)]!;
      units[i] = (done + i) & 1 ? pair >>> 16 : pair & 0xffff;
    }
    parts.push(String.fromCharCode(...units.subarray(0, count)));
    done += count;
  }
  return parts.join("");
};

/** Elements of a stretch that is written out at `at`. */
export const writtenElements = (sequence: ChunkSequence, at: number): number => 1 + ((1 - sequence[at]!) >> 1);
