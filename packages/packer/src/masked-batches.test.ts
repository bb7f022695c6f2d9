import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type BatchCursor, type MaskedBatchOptions, maskedBatches } from "./masked-batches.ts";
import { rowsInMemory } from "./rows.ts";

const seqLength = 8;
const vocabSize = 5000;
const rowCount = 37;
// Every token of every row is unique, so the targets tell which row and place they are from.
const tokens = Uint16Array.from({ length: rowCount * seqLength }, (_, i) => 100 + i);
const source = rowsInMemory(tokens, { seqLength, vocabSize });
const base: MaskedBatchOptions = { batchSize: 5, maskId: 4, epochs: 2, seed: 9 };

/** One masked row: what a batch holds about it, without its place in the batch. */
interface Row {
  ids: number[];
  positions: number[];
  targets: number[];
}

const stream = async (options: MaskedBatchOptions, from = source): Promise<{ rows: Row[]; cursors: BatchCursor[] }> => {
  const rows: Row[] = [];
  const cursors: BatchCursor[] = [];
  for await (const { batch, cursor } of maskedBatches(from, options)) {
    for (let i = 0; i < batch.batchSize; i++) {
      const inRow = [...batch.positions.keys()].filter((k) => Math.floor(batch.positions[k]! / batch.seqLength) === i);
      rows.push({
        ids: [...batch.inputIds.subarray(i * batch.seqLength, (i + 1) * batch.seqLength)],
        positions: inRow.map((k) => batch.positions[k]! - i * batch.seqLength),
        targets: inRow.map((k) => batch.targets[k]!),
      });
    }
    cursors.push(JSON.parse(JSON.stringify(cursor)));
  }
  return { rows, cursors };
};

it("asks a function for its masking before each batch, and draws as with that masking alone", async () => {
  const [few, many] = [0.25, 0.5].map((rate) => ({ kind: "exact" as const, rate }));
  let asked = 0;
  // Asked once before the first batch is made, too.
  const { rows } = await stream({ ...base, masking: () => (asked++ <= 3 ? few! : many!) });
  const [first, then] = [await stream({ ...base, masking: few }), await stream({ ...base, masking: many })];
  expect(rows.slice(0, 15)).toEqual(first.rows.slice(0, 15));
  expect(rows.slice(15)).toEqual(then.rows.slice(15));
});

/** The source rows that masked rows come from. */
const rowNumbers = (rows: Row[]) => rows.map((row) => Math.floor((row.targets[0]! - 100) / seqLength));
const ascending = (numbers: number[]) => [...numbers].sort((a, b) => a - b);
const allRows = Array.from({ length: rowCount }, (_, i) => i);

const optionsArbitrary = fc.record({
  reshuffle: fc.boolean(),
  tokenDrop: fc.constantFrom(0, 0.3),
  seed: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  epochs: fc.integer({ min: 1, max: 3 }),
  masking: fc.constantFrom(
    { kind: "exact" as const, rate: 0.25 },
    { kind: "bernoulli" as const, rate: 0.4, excludedIds: [101, 102] },
  ),
});

describe("maskedBatches", () => {
  it("resumed from any cursor, with any batch size, equals the uninterrupted stream", async () => {
    await fc.assert(
      fc.asyncProperty(
        optionsArbitrary,
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 20 }),
        async (options, batchSize, laterSize) => {
          const all = await stream({ ...base, ...options, batchSize: 1 });
          const first = await stream({ ...base, ...options, batchSize });
          expect(first.rows).toEqual(all.rows.slice(0, first.rows.length));
          expect(all.rows.length - first.rows.length).toBeLessThan(batchSize);
          for (const cursor of first.cursors) {
            const later = await stream({ ...base, ...options, batchSize: laterSize, cursor, dropLast: false });
            expect(later.rows).toEqual(all.rows.slice(cursor.rows));
          }
        },
      ),
      { numRuns: 25 },
    );
  });

  it("shares the stream among ranks, also when their number changes", async () => {
    await fc.assert(
      fc.asyncProperty(
        optionsArbitrary,
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 4 }),
        async (options, world, laterWorld) => {
          const all = await stream({ ...base, ...options, batchSize: 1 });
          const ranks = await Promise.all(
            Array.from({ length: world }, (_, rank) => stream({ ...base, ...options, batchSize: 3, rank, world })),
          );
          const shared = ranks[0]!.rows.flatMap((_, i) => ranks.map((rank) => rank.rows[i]!));
          expect(shared).toEqual(all.rows.slice(0, shared.length));
          const cursor = ranks[0]!.cursors[1]!;
          for (const rank of ranks) expect(rank.cursors).toEqual(ranks[0]!.cursors);
          for (let rank = 0; rank < laterWorld; rank++) {
            const later = await stream({ ...base, ...options, cursor, rank, world: laterWorld, dropLast: false });
            expect(later.rows).toEqual(all.rows.slice(cursor.rows).filter((_, i) => i % laterWorld === rank));
          }
        },
      ),
      { numRuns: 25 },
    );
  });

  it("walks in the stored order, masks every epoch anew, and batches run across epochs", async () => {
    const { rows } = await stream({ ...base, batchSize: 37 * 2 });
    expect(rowNumbers(rows)).toEqual([...allRows, ...allRows]);
    const differing = allRows.filter((i) => String(rows[i]!.positions) !== String(rows[i + rowCount]!.positions));
    expect(differing.length).toBeGreaterThan(25);
  });

  it("reshuffles every epoch on request", async () => {
    const numbers = rowNumbers((await stream({ ...base, batchSize: 37, reshuffle: true, epochs: 3 })).rows);
    const epochs = [0, 1, 2].map((epoch) => numbers.slice(epoch * rowCount, (epoch + 1) * rowCount));
    for (const epoch of epochs) expect(ascending(epoch)).toEqual(allRows);
    expect(new Set([...epochs, allRows].map(String)).size).toBe(4);
  });

  it("drops tokens in order and masks the share of what remains", async () => {
    const dropped = new Array(seqLength).fill(0);
    for (const row of (await stream({ ...base, epochs: 40, batchSize: 10, tokenDrop: 0.5 })).rows) {
      expect(row.ids.length).toBe(4);
      expect(row.positions.length).toBe(1);
      const first = row.targets[0]!;
      const kept = row.ids.filter((id) => id >= 100 && Math.abs(id - first) < seqLength);
      expect(kept).toEqual(ascending(kept));
      for (const [k, at] of row.positions.entries()) dropped[(row.targets[k]! - 100) % seqLength] += at >= 0 ? 1 : 0;
    }
    expect(Math.min(...dropped)).toBeGreaterThan(100); // 185 expected at each of the 8 places
  });

  it("leaves out the rows that fill no batch, or gives them as a smaller one", async () => {
    expect((await stream({ ...base, epochs: 1 })).rows.length).toBe(35);
    const { rows, cursors } = await stream({ ...base, epochs: 1, dropLast: false });
    expect(rows.length).toBe(37);
    expect(cursors.at(-1)!.rows).toBe(37);
    expect((await stream({ ...base, epochs: 1, dropLast: false, cursor: cursors.at(-1)! })).rows).toEqual([]);
  });

  it("never ends with infinite epochs", async () => {
    let seen = 0;
    for await (const { cursor } of maskedBatches(source, { ...base, epochs: Number.POSITIVE_INFINITY })) {
      seen = cursor.rows;
      if (seen > 500) break;
    }
    expect(seen).toBe(505);
  });

  it("refuses a cursor of another stream", async () => {
    const cursor = (await stream(base)).cursors[0]!;
    const other = rowsInMemory(tokens.subarray(8), { seqLength, vocabSize });
    await expect(stream({ ...base, cursor, seed: 10 })).rejects.toThrow("seed=10");
    await expect(stream({ ...base, cursor, reshuffle: true })).rejects.toThrow("reshuffle=true");
    await expect(stream({ ...base, cursor }, other)).rejects.toThrow("36x8");
    await expect(stream({ ...base, cursor: { ...cursor, version: 3 as 2 } })).rejects.toThrow("update");
    await expect(stream({ ...base, cursor: { ...cursor, version: 1 as 2 } })).rejects.toThrow(
      /expected a cursor of version 2, got 1; .* finish it with the version that began it/,
    );
  });

  it("refuses options that cannot be met", async () => {
    await expect(stream({ ...base, batchSize: 0 })).rejects.toThrow("batchSize");
    await expect(stream({ ...base, rank: 2, world: 2 })).rejects.toThrow("rank");
    await expect(stream({ ...base, tokenDrop: 1 })).rejects.toThrow("tokenDrop");
    await expect(stream({ ...base, tokenDrop: 0.99 })).rejects.toThrow("leaves a token");
    await expect(stream({ ...base, seed: -1 })).rejects.toThrow("seed");
    await expect(stream({ ...base, epochs: 1, batchSize: 38 })).rejects.toThrow("at least batchSize");
  });
});
