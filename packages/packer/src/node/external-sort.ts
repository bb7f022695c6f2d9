import { join } from "node:path";
import { createAtomicFile } from "@cramkit/files";
import type { RowKey } from "../row-scores.ts";
import { allocateTokens, type TokenArray } from "../rows.ts";
import type { RowLayout, Run } from "./row-layout.ts";
import { openRunReader, type RunReader } from "./run-reader.ts";
import { createShardWriter } from "./shard-writer.ts";

/** Up to `rowsPerBlock` rows in their final order. */
interface SortedBlock {
  tokens: TokenArray;
  keys: Float64Array;
  rowCount: number;
}

/**
 * Sorts rows in memory, ties in their present order, and writes them as a run. All blocks but the last have
 * `rowsPerBlock` rows; `firstRow` is the place of the first among all packed rows.
 */
export const writeSortedRun = async (
  folder: string,
  file: string,
  blocks: TokenArray[],
  firstRow: number,
  key: RowKey,
  layout: RowLayout,
): Promise<Run> => {
  const { seqLength, rowsPerBlock } = layout;
  const rowCount = blocks.reduce((sum, block) => sum + block.length, 0) / seqLength;
  const rowOf = (i: number) => {
    const at = (i % rowsPerBlock) * seqLength;
    return blocks[Math.floor(i / rowsPerBlock)]!.subarray(at, at + seqLength);
  };
  const keys = new Float64Array(rowCount);
  for (let i = 0; i < rowCount; i++) keys[i] = key(rowOf(i), firstRow + i);
  const order = new Uint32Array(rowCount);
  for (let i = 0; i < rowCount; i++) order[i] = i;
  order.sort((a, b) => keys[a]! - keys[b]! || a - b);

  function* sorted(): Generator<SortedBlock> {
    for (let start = 0; start < rowCount; start += rowsPerBlock) {
      const size = Math.min(rowsPerBlock, rowCount - start);
      const block = allocateBlock(size, layout);
      for (let i = 0; i < size; i++) {
        block.tokens.set(rowOf(order[start + i]!), i * seqLength);
        block.keys[i] = keys[order[start + i]!]!;
      }
      yield block;
    }
  }
  return writeRun(folder, file, sorted());
};

/** Merges neighbouring sorted runs into one; ties come in the order of the runs. */
export const mergeIntoRun = (
  folder: string,
  file: string,
  runs: Run[],
  memoryBytes: number,
  layout: RowLayout,
): Promise<Run> => {
  return writeRun(folder, file, mergeRuns(folder, runs, undefined, memoryBytes, layout));
};

/**
 * All rows of the sorted runs in order, ties in the order of the runs, in blocks. `consumed[r]` rows of run r are left
 * out, and are brought up to date before a block is handed out: a later call goes on from there.
 */
export async function* mergeRuns(
  folder: string,
  runs: Run[],
  consumed: number[] = runs.map(() => 0),
  memoryBytes: number,
  layout: RowLayout,
): AsyncGenerator<SortedBlock> {
  const readers: RunReader[] = [];
  try {
    for (const [r, run] of runs.entries())
      readers.push(await openRunReader(folder, run, consumed[r]!, memoryBytes / (runs.length + 1), layout));
    // A binary heap of the runs that have rows left, the least (key, run) at its root.
    const heap: number[] = [];
    const before = (a: number, b: number) =>
      readers[a]!.key < readers[b]!.key || (readers[a]!.key === readers[b]!.key && a < b);
    const sink = (at: number) => {
      for (;;) {
        let least = at;
        for (const child of [2 * at + 1, 2 * at + 2])
          if (child < heap.length && before(heap[child]!, heap[least]!)) least = child;
        if (least === at) return;
        [heap[at], heap[least]] = [heap[least]!, heap[at]!];
        at = least;
      }
    };
    for (const [r, reader] of readers.entries()) if (!reader.done) heap.push(r);
    for (let at = heap.length >> 1; at >= 0; at--) if (at < heap.length) sink(at);

    while (heap.length > 0) {
      const block = allocateBlock(layout.rowsPerBlock, layout);
      let size = 0;
      while (size < layout.rowsPerBlock && heap.length > 0) {
        const r = heap[0]!;
        const reader = readers[r]!;
        block.tokens.set(reader.row, size * layout.seqLength);
        block.keys[size++] = reader.key;
        consumed[r]!++;
        if (reader.advance()) await reader.refill();
        if (reader.done) {
          const last = heap.pop()!;
          if (heap.length > 0) heap[0] = last;
        }
        sink(0);
      }
      yield trimBlock(block, size, layout);
    }
  } finally {
    for (const reader of readers) await reader.close();
  }
}

const allocateBlock = (rowCount: number, { seqLength, vocabSize }: RowLayout): SortedBlock => {
  return { tokens: allocateTokens(rowCount * seqLength, vocabSize), keys: new Float64Array(rowCount), rowCount };
};

const trimBlock = ({ tokens, keys, rowCount }: SortedBlock, size: number, { seqLength }: RowLayout): SortedBlock => {
  if (size === rowCount) return { tokens, keys, rowCount };
  return { tokens: tokens.subarray(0, size * seqLength), keys: keys.subarray(0, size), rowCount: size };
};

const writeRun = async (
  folder: string,
  file: string,
  blocks: Iterable<SortedBlock> | AsyncIterable<SortedBlock>,
): Promise<Run> => {
  const keyFile = await createAtomicFile(join(folder, `${file}.keys`));
  const rowFile = await createShardWriter(folder, file).catch(async (error) => {
    await keyFile.abort();
    throw error;
  });
  try {
    for await (const { tokens, keys, rowCount } of blocks) {
      await rowFile.append(tokens, rowCount);
      await keyFile.write(new Uint8Array(keys.buffer, keys.byteOffset, keys.byteLength));
    }
    await keyFile.commit();
    return { ...(await rowFile.commit()), sorted: true };
  } finally {
    await keyFile.abort();
    await rowFile.abort();
  }
};
