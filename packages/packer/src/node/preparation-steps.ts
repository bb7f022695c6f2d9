import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type PackOptions, packRows, type TokenDocuments } from "../pack-rows.ts";
import type { RowOrder } from "../row-order.ts";
import { countTokens, rowKey } from "../row-scores.ts";
import type { TokenArray } from "../rows.ts";
import type { DocumentsDigest } from "./documents-digest.ts";
import { mergeIntoRun, mergeRuns, writeSortedRun } from "./external-sort.ts";
import type { Json } from "./manifest.ts";
import { type Preparation, savePreparation } from "./preparation.ts";
import { readBlocks } from "./row-blocks.ts";
import type { RowLayout, Run } from "./row-layout.ts";
import { createShardWriter, type ShardWriter } from "./shard-writer.ts";

/** One preparation under way. The steps bring `state` up to date and save it with every file that they finish. */
export interface Work {
  folder: string;
  /** The folder for runs. */
  temporary: string;
  state: Preparation;
  layout: RowLayout & { rowsPerShard: number };
  maxRows: number;
  memoryBytes: number;
  packOptions: PackOptions;
  /** What the caller notes down about the documents that are taken so far. */
  notes: () => Json;
  /** Digest of the documents that lie before the next one to be taken up. */
  digest: () => DocumentsDigest;
  report: (phase: "pack" | "sort" | "merge", rows: number) => void;
}

type SortedOrder = Exclude<RowOrder, "as-is">;

/** Packs straight into shards. */
export const packIntoShards = async (work: Work, documents: TokenDocuments): Promise<void> => {
  await writeShards(work, "pack", packedBlocks(work, documents), () => {});
  work.state.packed = true;
  await savePreparation(work.folder, work.state);
};

/** Packs into temporary runs of the size of the memory; sorted if the keys of rows are known at once. */
export const packIntoRuns = async (
  work: Work,
  documents: TokenDocuments,
  order: SortedOrder,
  seed: number,
): Promise<void> => {
  const { state, layout, temporary } = work;
  const { rowBytes, rowsPerBlock } = layout;
  const runBlocks = Math.max(1, Math.floor(work.memoryBytes / ((rowBytes + 16) * rowsPerBlock)));
  const key = needsCounts(order) ? undefined : rowKey(order, { seed, vocabSize: layout.vocabSize });
  let blocks: TokenArray[] = [];
  let rows = rowsIn(state.runs);
  const flush = async () => {
    const file = runName(state);
    const firstRow = rowsIn(state.runs);
    state.runs.push(
      key
        ? await writeSortedRun(temporary, file, blocks, firstRow, key, layout)
        : await writeRawRun(temporary, file, blocks, layout),
    );
    blocks = [];
  };
  for await (const block of packedBlocks(work, documents)) {
    blocks.push(block);
    rows += block.length / layout.seqLength;
    work.report("pack", rows);
    if (blocks.length < runBlocks) continue;
    await flush();
    await savePreparation(work.folder, state);
  }
  if (blocks.length > 0) await flush();
  state.packed = true;
  await savePreparation(work.folder, state);
};

/** Sorts the runs that are not sorted yet: those whose keys depend on what all rows hold. */
export const sortRuns = async (work: Work, order: SortedOrder, seed: number): Promise<void> => {
  const { state, layout, temporary } = work;
  if (state.runs.every((run) => run.sorted)) return;
  // Sorting moves rows within runs only, so the counts are the same after an interruption.
  const counts = new Float64Array(layout.vocabSize);
  for (const run of state.runs)
    for await (const block of readBlocks(temporary, run, layout)) countTokens(block, counts);
  const key = rowKey(order, { seed, vocabSize: layout.vocabSize, counts });
  let firstRow = 0;
  for (const [r, run] of state.runs.entries()) {
    if (!run.sorted) {
      const blocks: TokenArray[] = [];
      for await (const block of readBlocks(temporary, run, layout)) blocks.push(block);
      const sorted = await writeSortedRun(temporary, runName(state), blocks, firstRow, key, layout);
      await replaceRuns(work, r, [run], sorted);
    }
    firstRow += run.rows;
    work.report("sort", firstRow);
  }
};

/** Merges the sorted runs into shards; in several passes if there are more runs than memory has buffers for. */
export const mergeIntoShards = async (work: Work): Promise<void> => {
  const { state, layout, temporary, memoryBytes } = work;
  const blockBytes = layout.rowsPerBlock * (layout.rowBytes + 8);
  const fanIn = Math.min(64, Math.max(2, Math.floor(memoryBytes / blockBytes) - 2));
  // Runs of which rows have gone into shards stay as they are: a preparation may be resumed with less memory.
  while (state.shards.length === 0 && state.runs.length > fanIn) {
    const width = Math.min(fanIn, state.runs.length - fanIn + 1);
    const first = leastWindow(state.runs, width);
    const merging = state.runs.slice(first, first + width);
    const merged = await mergeIntoRun(temporary, runName(state), merging, memoryBytes, layout);
    await replaceRuns(work, first, merging, merged);
    work.report("merge", 0);
  }
  const consumed = state.runs.map((_, r) => state.consumed[r] ?? 0);
  async function* merged() {
    for await (const { tokens } of mergeRuns(temporary, state.runs, consumed, memoryBytes, layout)) yield tokens;
  }
  await writeShards(work, "merge", merged(), () => {
    state.consumed = [...consumed];
  });
  state.droppedRows = rowsIn(state.runs) - rowsIn(state.shards);
};

/** Blocks of packed rows; `state` follows them, and holds the end of the documents when they are through. */
async function* packedBlocks(
  { layout, packOptions, state, notes, digest }: Work,
  documents: TokenDocuments,
): AsyncGenerator<TokenArray> {
  const { rowsPerBlock } = layout;
  const packing = packRows(documents, { ...packOptions, rowsPerBlock, from: state.position });
  try {
    for (;;) {
      const step = await packing.next();
      if (step.done) {
        const { documents, emptyDocuments, droppedTokens } = step.value;
        state.position = { ...state.position, documents, emptyDocuments, offset: 0 };
        state.droppedTokens = droppedTokens;
        state.notes = notes();
        state.documents = digest();
        return;
      }
      state.position = step.value.next;
      state.notes = notes();
      state.documents = digest();
      yield step.value.tokens;
    }
  } finally {
    await packing.return(undefined as never);
  }
}

/**
 * Writes blocks into shards after those that are finished, up to `maxRows` in all, and saves the state with each full
 * shard. A last shard that is not full is left for the caller to save, together with the fact that nothing follows.
 */
const writeShards = async (
  work: Work,
  phase: "pack" | "merge",
  blocks: AsyncIterable<TokenArray>,
  atFullShard: () => void,
): Promise<void> => {
  const { folder, state, layout, maxRows } = work;
  let shard: ShardWriter | undefined;
  let rows = rowsIn(state.shards);
  const commit = async (writer: ShardWriter) => {
    state.shards.push(await writer.commit());
    shard = undefined;
  };
  try {
    if (rows < maxRows)
      for await (const block of blocks) {
        const size = Math.min(block.length / layout.seqLength, maxRows - rows);
        shard ??= await createShardWriter(folder, `shard-${String(state.shards.length).padStart(5, "0")}.bin`);
        await shard.append(block.subarray(0, size * layout.seqLength), size);
        rows += size;
        if (shard.rows === layout.rowsPerShard) {
          await commit(shard);
          atFullShard();
          await savePreparation(folder, state);
        }
        work.report(phase, rows);
        if (rows === maxRows) break;
      }
    if (shard) await commit(shard);
  } finally {
    await shard?.abort();
  }
};

const writeRawRun = async (folder: string, file: string, blocks: TokenArray[], layout: RowLayout): Promise<Run> => {
  const writer = await createShardWriter(folder, file);
  try {
    for (const block of blocks) await writer.append(block, block.length / layout.seqLength);
    return { ...(await writer.commit()), sorted: false };
  } finally {
    await writer.abort();
  }
};

/** Puts `by` in the place of neighbouring runs; their files go when the state no longer needs them. */
const replaceRuns = async ({ state, folder, temporary }: Work, first: number, runs: Run[], by: Run): Promise<void> => {
  state.runs.splice(first, runs.length, by);
  await savePreparation(folder, state);
  for (const run of runs)
    for (const file of [run.file, `${run.file}.keys`]) await rm(join(temporary, file), { force: true });
};

/** Where the `width` neighbouring runs with the fewest rows begin. */
const leastWindow = (runs: Run[], width: number): number => {
  let least = 0;
  let leastRows = Number.POSITIVE_INFINITY;
  for (let first = 0; first + width <= runs.length; first++) {
    const rows = rowsIn(runs.slice(first, first + width));
    if (rows < leastRows) [least, leastRows] = [first, rows];
  }
  return least;
};

const needsCounts = (order: SortedOrder): boolean => {
  return order !== "shuffled" && order.by === "unigram";
};

const rowsIn = (files: { rows: number }[]) => files.reduce((sum, file) => sum + file.rows, 0);
const runName = (state: Preparation) => `run-${String(state.nextRun++).padStart(5, "0")}.bin`;
