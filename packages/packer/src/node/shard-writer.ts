import { join } from "node:path";
import { type AtomicFile, createAtomicFile } from "@cramkit/files";
import type { TokenArray } from "../rows.ts";
import { checksum } from "./checksum.ts";
import type { ShardEntry } from "./manifest.ts";

export interface ShardWriter {
  /** Appends one block of rows: `rowsPerBlock` of them, fewer only in the last block of a file. */
  append(block: TokenArray, rowCount: number): Promise<void>;
  readonly rows: number;
  /** Completes the file and describes it. */
  commit(): Promise<ShardEntry>;
  abort(): Promise<void>;
}

/** Writes one file of rows, block by block, with a checksum for each block. */
export const createShardWriter = async (folder: string, file: string): Promise<ShardWriter> => {
  const target: AtomicFile = await createAtomicFile(join(folder, file));
  const entry: ShardEntry = { file, rows: 0, bytes: 0, checksums: [] };
  return {
    get rows() {
      return entry.rows;
    },
    async append(block, rowCount) {
      const bytes = new Uint8Array(block.buffer, block.byteOffset, block.byteLength);
      entry.checksums.push(checksum(bytes));
      entry.rows += rowCount;
      entry.bytes += bytes.byteLength;
      await target.write(bytes);
    },
    async commit() {
      await target.commit();
      return entry;
    },
    abort: () => target.abort(),
  };
};
