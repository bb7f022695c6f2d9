import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RowOrder } from "../row-order.ts";
import { openPreparedSet } from "./open-prepared-set.ts";
import { type PrepareOptions, writePreparedSet } from "./write-prepared-set.ts";

let root = "";
let sets = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "packer-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const seqLength = 8;
const vocabSize = 20;
const base: PrepareOptions = { seqLength, vocabSize, separatorId: 1, rowsPerShard: 10 };
const tokenLengths = Array.from({ length: vocabSize }, (_, id) => (id * 7) % 5);

const prepare = async (documents: number[][], options: Partial<PrepareOptions>) => {
  const folder = join(root, String(sets++));
  await writePreparedSet(folder, documents, { ...base, ...options });
  const set = await openPreparedSet(folder);
  const target = new Int32Array(set.rowCount * seqLength);
  set.readRows([...Array(set.rowCount).keys()], target);
  set.close();
  return { rows: cut([...target]), manifest: set.manifest, files: await readdir(folder), folder };
};

const cut = (tokens: number[]): number[][] => {
  const count = Math.floor(tokens.length / seqLength);
  return Array.from({ length: count }, (_, i) => tokens.slice(i * seqLength, (i + 1) * seqLength));
};

/** The rows as packed, and the order by the plain definition: a stable sort by score. */
const expected = (documents: number[][], score: (row: number[], all: number[][]) => number): number[][] => {
  const rows = cut(documents.flatMap((document) => (document.length > 0 ? [...document, 1] : [])));
  return rows
    .map((row) => ({ row, score: score(row, rows) }))
    .sort((a, b) => a.score - b.score)
    .map(({ row }) => row);
};

const count = (id: number) => (row: number[]) => row.filter((token) => token === id).length;
const unigram = (row: number[], all: number[][]) => {
  const counts = new Array(vocabSize).fill(0);
  for (const token of all.flat()) counts[token]++;
  const total = all.length * seqLength;
  return row.reduce((sum, token) => sum + Math.log2((counts[token] + 1) / (total + vocabSize)), 0) / seqLength;
};
const length = (row: number[]) => row.reduce((sum, token) => sum + tokenLengths[token]!, 0);

const table: { name: string; order: RowOrder; score: (row: number[], all: number[][]) => number }[] = [
  { name: "as is", order: "as-is", score: () => 0 },
  { name: "full stops, most first", order: { by: "token-count", tokenId: 5 }, score: (row) => -count(5)(row) },
  {
    name: "separators, fewest first",
    order: { by: "token-count", tokenId: 1, direction: "ascending" },
    score: count(1),
  },
  { name: "likely first", order: { by: "unigram" }, score: (row, all) => -unigram(row, all) },
  { name: "unlikely first", order: { by: "unigram", direction: "ascending" }, score: unigram },
  { name: "short words first", order: { by: "length", tokenLengths }, score: length },
  {
    name: "a score of the caller, greatest first",
    order: { by: "score", name: "first token", score: (row) => row[0]!, direction: "descending" },
    score: (row) => -row[0]!,
  },
];

const documentsArbitrary = fc.array(fc.array(fc.integer({ min: 2, max: 19 }), { maxLength: 60 }), { maxLength: 25 });

describe("orders", () => {
  // 700 bytes hold a run of 20 rows: several runs and several passes of merging.
  it.each(table)("$name: a stable sort, in any memory", async ({ order, score }) => {
    await fc.assert(
      fc.asyncProperty(documentsArbitrary, fc.constantFrom(1, 700, 1e6), async (documents, memoryBytes) => {
        const { rows, manifest, files } = await prepare(documents, { order, memoryBytes });
        expect(rows).toEqual(expected(documents, score));
        expect(manifest.counts.droppedRows).toBe(0);
        expect(files.sort()).toEqual(["manifest.json", ...manifest.shards.map((shard) => shard.file)].sort());
      }),
      { numRuns: 6 },
    );
  });

  it.each(table)("$name: keeps the first rows only", async ({ order, score }) => {
    const documents = Array.from({ length: 40 }, (_, d) => Array.from({ length: d }, (_, i) => 2 + ((i * d) % 18)));
    const { rows, manifest } = await prepare(documents, { order, memoryBytes: 700, maxRows: 33 });
    expect(rows).toEqual(expected(documents, score).slice(0, 33));
    if (order !== "as-is") expect(manifest.counts.droppedRows).toBe(expected(documents, score).length - 33);
  });

  it("gives the same bytes in any memory", async () => {
    const documents = Array.from({ length: 50 }, (_, d) => Array.from({ length: d }, (_, i) => 2 + ((i * d) % 18)));
    const bytes = async (memoryBytes: number) => {
      const { folder, manifest } = await prepare(documents, { order: "shuffled", memoryBytes });
      return Promise.all(manifest.shards.map(async ({ file }) => (await readFile(join(folder, file))).toString("hex")));
    };
    expect(await bytes(1)).toEqual(await bytes(1e6));
  });

  it("refuses orders that cannot be meant", async () => {
    const refused = (order: RowOrder) => expect(prepare([[2, 3]], { order })).rejects;
    await refused({ by: "token-count", tokenId: 20 }).toThrow("order.tokenId");
    await refused({ by: "length", tokenLengths: [1, 2] }).toThrow("order.tokenLengths");
    await expect(prepare([[2, 3]], { maxRows: 0 })).rejects.toThrow("maxRows");
  });

  it("refuses a score that is no number", async () => {
    const order: RowOrder = { by: "score", name: "broken", score: () => Number.NaN };
    await expect(prepare([[2, 3, 4, 5, 6, 7, 8, 9]], { order })).rejects.toThrow('"broken"');
  });
});
