import { chunkTable, longestChunk } from "../chunks/chunk-table.ts";
import { chunkList, scanChunks } from "../chunks/scan-chunks.ts";
import { createPipeline, eachSegment, type PipelineOptions } from "../pipeline.ts";
import { alignedText, wellFormed } from "../text/aligned-text.ts";

/** Distinct chunks that are held before they are made into words, of which there are fewer. */
const CAPACITY = 1 << 21;

/** Counts the words of documents: the pieces that the pre-tokenizer gives, added tokens left out. */
export interface WordCounter {
  add(document: string): void;
  words(): Map<string, number>;
}

/**
 * Where the pipeline lets text be cut, chunks are counted as they stand and normalized once each at the end, instead of
 * every time that they occur.
 */
export function wordCounter(options: PipelineOptions): WordCounter {
  const { finder, readPieces, rule } = createPipeline(options);
  const counted = new Map<string, number>();
  const table = chunkTable();
  const chunks = chunkList();
  let counts = new Float64Array(1 << 12);

  const countPieces = (text: string, base: number, times: number) => {
    for (const { text: piece, token } of readPieces(alignedText(text, base))) {
      if (!token) counted.set(piece.text, (counted.get(piece.text) ?? 0) + times);
    }
  };

  const flush = () => {
    for (let n = 0; n < table.size; n++) countPieces(table.chunk(n), 1, counts[n]!);
    table.clear();
    counts.fill(0);
  };

  return {
    add(document) {
      if (table.size > CAPACITY) flush();
      const text = wellFormed(document);
      eachSegment(text, finder, ({ start, end, token }) => {
        if (token) return;
        if (!rule) return countPieces(text.slice(start, end), start, 1);
        let isFirst = rule.keepSpace;
        for (let position = start; position < end; ) {
          position = scanChunks(text, position, end, rule, chunks);
          for (let c = 0; c < chunks.count; c++) {
            const from = chunks.starts[c]!;
            const to = chunks.ends[c]!;
            if (isFirst || to - from > longestChunk) {
              countPieces(text.slice(from, to), from, 1);
              isFirst = false;
              continue;
            }
            let n = table.find(text, from, to, chunks.hashes[c]!);
            if (n === -1) n = table.add(text, from, to, chunks.hashes[c]!);
            if (n >= counts.length) {
              const old = counts;
              counts = new Float64Array(old.length * 2);
              counts.set(old);
            }
            counts[n]!++;
          }
        }
      });
    },
    words() {
      flush();
      return counted;
    },
  };
}
