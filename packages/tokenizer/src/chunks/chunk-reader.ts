import type { ChunkRule } from "./chunk-rule.ts";
import type { SequenceBuffer } from "./chunk-sequence.ts";

/** Cuts texts into chunks and numbers them. */
export interface ChunkReader {
  readonly size: number;
  chunk(number: number): string;
  /** Writes the codes of a chunk of ASCII, up to 64, and returns how many; -1 if the chunk holds other characters. */
  asciiOf(number: number, codes: Uint8Array): number;
  /** Appends the chunks of a text. */
  read(text: string, out: SequenceBuffer): void;
}

export interface ChunkReaderOptions {
  readonly rule: ChunkRule;
  /** No more chunks get numbers. */
  readonly maxChunks: number;
}
