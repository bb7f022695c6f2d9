import { refuseUnknown } from "../options.ts";
import type { ChunkReader } from "./chunk-reader.ts";
import type { ChunkRule } from "./chunk-rule.ts";
import { type ChunkSequence, sequenceBuffer, startSequence } from "./chunk-sequence.ts";
import { byteReader } from "./read-bytes.ts";
import { unitReader } from "./read-units.ts";

/** Chunks by their numbers. */
export interface NumberedChunks extends Pick<ChunkReader, "size" | "chunk" | "asciiOf"> {
  readonly rule: ChunkRule;
}

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
  const reader = byteReader({ rule, maxChunks }) ?? unitReader({ rule, maxChunks });
  const buffer = sequenceBuffer();
  let last: { text: string; sequence: ChunkSequence } | undefined;
  let [units, without] = [0, 0];
  return {
    rule,
    get size() {
      return reader.size;
    },
    chunk: reader.chunk,
    asciiOf: reader.asciiOf,
    get isWorthwhile() {
      return units < judgedUnits || without <= mostUnnumbered * units;
    },
    read(text) {
      if (last?.text === text) return last.sequence;
      startSequence(buffer);
      reader.read(text, buffer);
      units += text.length;
      without += buffer.without;
      last = { text, sequence: buffer.elements.subarray(0, buffer.used) };
      return last.sequence;
    },
  };
};
