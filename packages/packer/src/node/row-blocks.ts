import { open } from "node:fs/promises";
import { join } from "node:path";
import { type Fault, fault } from "@cramkit/errors";
import { allocateTokens, type TokenArray } from "../rows.ts";
import { checksum, locateFlippedBit } from "./checksum.ts";
import type { ShardEntry } from "./manifest.ts";
import type { RowLayout } from "./row-layout.ts";

/** The blocks of a file of rows, each checked, each the receiver's own. */
export async function* readBlocks(
  folder: string,
  { file, rows, checksums }: ShardEntry,
  { seqLength, vocabSize, rowBytes, rowsPerBlock }: RowLayout,
): AsyncGenerator<TokenArray> {
  const path = join(folder, file);
  const handle = await open(path, "r");
  try {
    for (let row = 0; row < rows; row += rowsPerBlock) {
      const block = allocateTokens(Math.min(rowsPerBlock, rows - row) * seqLength, vocabSize);
      const bytes = new Uint8Array(block.buffer);
      await readFully(handle, bytes, row * rowBytes, path);
      checkBlock(path, checksums[row / rowsPerBlock]!, bytes, row * rowBytes);
      checkIds(path, block, vocabSize);
      yield block;
    }
  } finally {
    await handle.close();
  }
}

interface Readable {
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesRead: number }>;
}

/** Fills `bytes` from `position` of a file on. */
export const readFully = async (file: Readable, bytes: Uint8Array, position: number, path: string): Promise<void> => {
  for (let at = 0; at < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, at, bytes.length - at, position + at);
    if (bytesRead === 0) throw truncated(path, position + bytes.length, position + at);
    at += bytesRead;
  }
};

export const truncated = (path: string, expected: number, actual: number): Error => {
  return damaged(path, `expected at least ${expected} bytes, got ${actual}`);
};

/** Throws if a block of a file is not what was written: names the file, the place and, for a single bit, the bit. */
export const checkBlock = (path: string, expected: string, block: Uint8Array, offset: number): void => {
  const actual = checksum(block);
  if (actual === expected) return;
  const bit = locateFlippedBit(block.length, Number.parseInt(expected, 16), Number.parseInt(actual, 16));
  const where = bit
    ? `bit ${bit.bit} of the byte at offset ${offset + bit.byte} is flipped`
    : `bytes ${offset} to ${offset + block.length - 1} are damaged`;
  throw damaged(path, `expected checksum ${expected}, got ${actual}: ${where}`);
};

/** Throws if a manifest promises a smaller vocabulary than its rows have: such ids would be read beyond an embedding's end. */
export const checkIds = (path: string, block: TokenArray, vocabSize: number): void => {
  for (let at = 0; at < block.length; at++)
    if (block[at]! >= vocabSize)
      throw damaged(path, `expected token ids below ${vocabSize}, the vocabSize of the manifest, got ${block[at]}`);
};

/** A file of a prepared set that is not what was written. */
export const damaged = (place: string, problem: string): Fault =>
  fault({
    code: "damaged-file",
    place,
    problem,
    remedy: "copy the file again, or prepare the set again in an empty folder",
  });
