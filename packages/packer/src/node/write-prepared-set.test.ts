import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDraws, streamKey } from "@cramkit/random";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { maskedBatches } from "../masked-batches.ts";
import type { RowSource } from "../rows.ts";
import { openPreparedSet } from "./open-prepared-set.ts";
import { type PrepareOptions, writePreparedSet } from "./write-prepared-set.ts";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "packer-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const options = { seqLength: 8, vocabSize: 50, separatorId: 1, rowsPerShard: 10 } satisfies PrepareOptions;

/** Documents of 0 to 30 tokens in [2, 50). */
const randomDocuments = (count: number): number[][] => {
  const draws = createDraws(streamKey(5, "documents"));
  return Array.from({ length: count }, (_, i) => {
    draws.seek(i);
    return Array.from({ length: draws.below(31) }, () => 2 + draws.below(48));
  });
};

const joined = (documents: number[][]): number[] => {
  return documents.flatMap((document) => (document.length > 0 ? [...document, 1] : []));
};

const readAll = (set: RowSource): number[][] => {
  const target = new Int32Array(set.rowCount * set.seqLength);
  set.readRows(
    Array.from({ length: set.rowCount }, (_, i) => i),
    target,
  );
  return Array.from({ length: set.rowCount }, (_, i) => [
    ...target.subarray(i * set.seqLength, (i + 1) * set.seqLength),
  ]);
};

const rowsOf = (tokens: number[], seqLength: number): number[][] => {
  return Array.from({ length: Math.floor(tokens.length / seqLength) }, (_, i) =>
    tokens.slice(i * seqLength, (i + 1) * seqLength),
  );
};

const prepared = async (name: string, documents: number[][], more: Partial<PrepareOptions> = {}) => {
  const folder = join(root, name);
  await writePreparedSet(folder, documents, { ...options, ...more });
  const set = await openPreparedSet(folder);
  const rows = readAll(set);
  set.close();
  return { folder, manifest: set.manifest, rows };
};

describe("writePreparedSet", () => {
  it("keeps the order of the documents", async () => {
    const documents = randomDocuments(60);
    const { manifest, rows } = await prepared("as-is", documents);
    const tokens = joined(documents);
    expect(rows).toEqual(rowsOf(tokens, 8));
    expect(manifest.shards.length).toBeGreaterThan(3);
    expect(manifest.counts).toEqual({
      documents: 60,
      emptyDocuments: documents.filter((document) => document.length === 0).length,
      tokens: rows.length * 8,
      droppedTokens: tokens.length % 8,
      droppedRows: 0,
    });
    const bytes = await readFile(join(root, "as-is", "shard-00000.bin"));
    expect([...new Uint16Array(bytes.buffer, bytes.byteOffset, 80)]).toEqual(tokens.slice(0, 80));
  });

  it("shuffles all rows, the same way for the same seed", async () => {
    const documents = randomDocuments(60);
    const sorted = (rows: number[][]) => rows.map(String).sort();
    const a = await prepared("a", documents, { order: "shuffled", memoryBytes: 2000 });
    const b = await prepared("b", documents, { order: "shuffled", memoryBytes: 1e6 });
    const c = await prepared("c", documents, { order: "shuffled", seed: 7 });
    expect(a.rows).toEqual(b.rows);
    expect(a.rows).not.toEqual(c.rows);
    expect(sorted(a.rows)).toEqual(sorted(rowsOf(joined(documents), 8)));
    expect(sorted(a.rows)).toEqual(sorted(c.rows));
  });

  it.each([3, 60])("notices %i documents that are not those of before", async (count) => {
    const documents = randomDocuments(count);
    const { folder, manifest } = await prepared("set", documents);
    const again = (given: number[][]) => writePreparedSet(folder, given, options);
    expect(await again(documents)).toEqual(manifest);
    expect(await writePreparedSet(folder, (from) => documents.slice(from), options)).toEqual(manifest);
    const last = [...documents.slice(0, -1), [...documents.at(-1)!, 3]];
    const others = [
      last,
      [...documents, [7]],
      documents.slice(0, -1),
      documents.slice(1),
      [documents[1]!, documents[0]!, ...documents.slice(2)],
      [[7], ...documents],
      [],
    ];
    for (const given of others) {
      await expect(again(given)).rejects.toThrow(
        /set: expected the documents that its rows were made from, got others/,
      );
    }
  });

  it("compares the documents that it took up, where it wanted no more rows", async () => {
    const documents = randomDocuments(60);
    const { folder, manifest } = await prepared("some", documents, { maxRows: 16 });
    const taken = manifest.counts.documents;
    expect(taken).toBeLessThan(60);
    const again = (given: number[][]) => writePreparedSet(folder, given, { ...options, maxRows: 16 });
    expect(await again(documents)).toEqual(manifest);
    expect(await again([...documents.slice(0, taken), [1, 2, 3]])).toEqual(manifest);
    await expect(again([...documents.slice(0, taken - 1), [1], ...documents])).rejects.toThrow("got others");
  });

  it("feeds masked batches", async () => {
    const { folder } = await prepared("fed", randomDocuments(60));
    const set = await openPreparedSet(folder);
    let batches = 0;
    for await (const { batch } of maskedBatches(set, { batchSize: 4, maskId: 0 })) {
      expect(batch.positions.length).toBe(4 * 2);
      batches++;
    }
    expect(batches).toBe(Math.floor(set.rowCount / 4));
    set.close();
  });
});
