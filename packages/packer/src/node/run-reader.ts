import { open } from "node:fs/promises";
import { join } from "node:path";
import { allocateTokens, type TokenArray } from "../rows.ts";
import { checkBlock, readFully } from "./row-blocks.ts";
import type { RowLayout, Run } from "./row-layout.ts";

/** Walks over the rows of a sorted run. */
export interface RunReader {
  readonly done: boolean;
  /** The row at hand, borrowed until the next `refill`. */
  readonly row: TokenArray;
  readonly key: number;
  /** Goes to the next row; true if `refill` must be awaited before the row is read. */
  advance(): boolean;
  refill(): Promise<void>;
  close(): Promise<void>;
}

/** Reads in whole blocks of about `bufferBytes`, and checks each. */
export const openRunReader = async (
  folder: string,
  run: Run,
  skip: number,
  bufferBytes: number,
  { seqLength, vocabSize, rowBytes, rowsPerBlock }: RowLayout,
): Promise<RunReader> => {
  const path = join(folder, run.file);
  const rowFile = await open(path, "r");
  const keyFile = await open(`${path}.keys`, "r").catch(async (error) => {
    await rowFile.close();
    throw error;
  });
  const blocks = Math.max(1, Math.floor(bufferBytes / (rowsPerBlock * (rowBytes + 8))));
  const capacity = Math.min(run.rows, blocks * rowsPerBlock);
  const tokens = allocateTokens(capacity * seqLength, vocabSize);
  const keys = new Float64Array(capacity);
  let place = skip; // of the row at hand, in the run
  let first = 0; // of the first row in the buffer
  let end = 0; // after the last row in the buffer

  const refill = async () => {
    if (place >= run.rows) return;
    first = place - (place % rowsPerBlock);
    end = Math.min(run.rows, first + capacity);
    const bytes = new Uint8Array(tokens.buffer, 0, (end - first) * rowBytes);
    await readFully(rowFile, bytes, first * rowBytes, path);
    await readFully(keyFile, new Uint8Array(keys.buffer, 0, (end - first) * 8), first * 8, `${path}.keys`);
    for (let row = first; row < end; row += rowsPerBlock) {
      const block = bytes.subarray(
        (row - first) * rowBytes,
        Math.min(end, row + rowsPerBlock) * rowBytes - first * rowBytes,
      );
      checkBlock(path, run.checksums[row / rowsPerBlock]!, block, row * rowBytes);
    }
  };
  await refill();
  return {
    get done() {
      return place >= run.rows;
    },
    get row() {
      return tokens.subarray((place - first) * seqLength, (place - first + 1) * seqLength);
    },
    get key() {
      return keys[place - first]!;
    },
    advance() {
      place++;
      return place >= end;
    },
    refill,
    async close() {
      await rowFile.close();
      await keyFile.close();
    },
  };
};
