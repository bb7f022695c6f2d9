import { closeSync, openSync, readSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { fault } from "@cramkit/errors";
import { allocateTokens, type RowSource, type TokenArray } from "../rows.ts";
import { type Manifest, readManifest, type ShardEntry } from "./manifest.ts";
import { checkBlock, checkIds, damaged, readBlocks, truncated } from "./row-blocks.ts";

/** A prepared set on disk, open for reading. Holds files open until `close`. */
export interface PreparedSet extends RowSource {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly key: string;
  readRows(indices: ArrayLike<number>, target: Int32Array): void;
  close(): void;
}

const openFilesAtMost = 32;

/**
 * Opens a prepared set: checks the version of its manifest and the size of its files, reads no rows yet. Each block of
 * rows is checked against its checksum when it is first read.
 */
export const openPreparedSet = async (folder: string): Promise<PreparedSet> => {
  const manifest = await readManifest(folder);
  if (!manifest)
    throw fault({
      code: "not-found",
      place: folder,
      problem: "expected a manifest.json, got none",
      remedy: "prepare the set first",
    });
  for (const { file, bytes } of [...manifest.shards, ...manifest.files]) {
    const path = join(folder, file);
    const size = await stat(path).then(
      (found) => found.size,
      () => undefined,
    );
    if (size !== bytes) throw damaged(path, `expected ${bytes} bytes, got ${size ?? "no file"}`);
  }
  return createReader(folder, manifest);
};

/** Reads the whole set and checks every block and file; throws an error that names the file and the place. */
export const verifyPreparedSet = async (folder: string): Promise<Manifest> => {
  const { manifest, close } = await openPreparedSet(folder);
  close();
  for (const { file, checksum: expected } of manifest.files) {
    const path = join(folder, file);
    checkBlock(path, expected, await readFile(path), 0);
  }
  const rowBytes = manifest.seqLength * manifest.tokenBytes;
  for (const shard of manifest.shards) {
    const blocks = readBlocks(folder, shard, { ...manifest, rowBytes });
    while (!(await blocks.next()).done);
  }
  return manifest;
};

const createReader = (folder: string, manifest: Manifest): PreparedSet => {
  const { seqLength, vocabSize, rowCount, rowsPerShard, rowsPerBlock, shards, tokenBytes } = manifest;
  const rowBytes = seqLength * tokenBytes;
  const blocksPerShard = Math.ceil(rowsPerShard / rowsPerBlock);
  const checked = new Uint8Array(Math.ceil(rowCount / rowsPerBlock));
  const files = new Map<number, number>(); // shard -> descriptor, the longest unused first
  const block: TokenArray = allocateTokens(Math.min(rowsPerBlock, rowCount) * seqLength, vocabSize);
  const blockBytes = new Uint8Array(block.buffer);
  const single = allocateTokens(seqLength, vocabSize);
  const singleBytes = new Uint8Array(single.buffer);
  let blockAt = -1; // the number of the block in memory
  let closed = false;

  const fileOf = (shard: number) => {
    let file = files.get(shard);
    if (file !== undefined) files.delete(shard);
    else {
      file = openSync(join(folder, shards[shard]!.file), "r");
      if (files.size >= openFilesAtMost) {
        const [oldest, descriptor] = files.entries().next().value!;
        closeSync(descriptor);
        files.delete(oldest);
      }
    }
    files.set(shard, file);
    return file;
  };
  const read = (shard: number, position: number, bytes: Uint8Array) => {
    const file = fileOf(shard);
    for (let at = 0; at < bytes.length; ) {
      const count = readSync(file, bytes, at, bytes.length - at, position + at);
      if (count === 0) throw truncated(join(folder, shards[shard]!.file), position + bytes.length, position + at);
      at += count;
    }
  };
  /** Reads a whole block into memory and checks it. */
  const loadBlock = (index: number) => {
    const shard = Math.floor(index / blocksPerShard);
    const { file, rows, checksums } = shards[shard]! as ShardEntry;
    const inShard = index % blocksPerShard;
    const first = inShard * rowsPerBlock;
    const bytes = blockBytes.subarray(0, Math.min(rowsPerBlock, rows - first) * rowBytes);
    blockAt = -1;
    read(shard, first * rowBytes, bytes);
    checkBlock(join(folder, file), checksums[inShard]!, bytes, first * rowBytes);
    if (checked[index] === 0) checkIds(join(folder, file), block.subarray(0, bytes.length / tokenBytes), vocabSize);
    checked[index] = 1;
    blockAt = index;
  };

  let lastIndex = -2;
  return {
    folder,
    manifest,
    key: manifest.key,
    seqLength,
    rowCount,
    vocabSize,
    readRows(indices, target) {
      if (closed)
        throw fault({
          code: "invalid-argument",
          place: "readRows",
          problem: "the prepared set is closed",
          remedy: "open it again",
        });
      for (let i = 0; i < indices.length; i++) {
        const row = indices[i]!;
        if (!(Number.isInteger(row) && row >= 0 && row < rowCount))
          throw fault({
            code: "invalid-argument",
            place: "readRows",
            problem: `expected a row of 0 to ${rowCount - 1}, got ${row}`,
            type: RangeError,
          });
        const index = Math.floor(row / rowsPerBlock);
        // Near the row before: likely a walk through the set, for which a whole block is read once.
        const walking = Math.abs(row - lastIndex) < rowsPerBlock;
        lastIndex = row;
        if (index !== blockAt && (walking || checked[index] === 0)) loadBlock(index);
        if (index === blockAt) {
          const at = (row % rowsPerBlock) * seqLength;
          target.set(block.subarray(at, at + seqLength), i * seqLength);
        } else {
          const shard = Math.floor(row / rowsPerShard);
          read(shard, (row - shard * rowsPerShard) * rowBytes, singleBytes);
          target.set(single, i * seqLength);
        }
      }
    },
    close() {
      closed = true;
      for (const file of files.values()) closeSync(file);
      files.clear();
    },
  };
};
