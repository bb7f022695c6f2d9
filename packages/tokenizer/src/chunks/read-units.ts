import { wellFormed } from "../text/aligned-text.ts";
import type { ChunkReader, ChunkReaderOptions } from "./chunk-reader.ts";
import { makeRoom, writeOut } from "./chunk-sequence.ts";
import { chunkTable, longestChunk } from "./chunk-table.ts";
import { chunkList, scanChunks } from "./scan-chunks.ts";

/** Reads texts by their UTF-16 units: the reference, for all rules and engines. */
export const unitReader = ({ rule, maxChunks }: ChunkReaderOptions): ChunkReader => {
  const table = chunkTable();
  const chunks = chunkList();
  return {
    get size() {
      return table.size;
    },
    chunk: table.chunk,
    asciiOf: table.asciiOf,
    read(original, out) {
      const text = wellFormed(original);
      let isFirst = rule.keepSpace; // its tokens depend on its place
      for (let position = 0; position < text.length; ) {
        position = scanChunks(text, position, text.length, rule, chunks);
        makeRoom(out, chunks.count);
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
            writeOut(out, text, from, to);
            makeRoom(out, chunks.count - c);
          } else out.elements[out.used++] = number;
        }
      }
    },
  };
};
