import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { maskedBatches } from "../masked-batches.ts";
import { openPreparedSet } from "./open-prepared-set.ts";
import { prefetchedBatches } from "./prefetch.ts";
import { writePreparedSet } from "./write-prepared-set.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "packer-"));
  const document = Array.from({ length: 4000 }, (_, i) => (i * 7) % 100);
  await writePreparedSet(folder, [document], { seqLength: 16, vocabSize: 100, rowsPerShard: 50 });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const options = { batchSize: 6, maskId: 4, epochs: 2, reshuffle: true };

const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
};

describe("prefetchedBatches", () => {
  it("is the same stream as maskedBatches, from any cursor", async () => {
    const set = await openPreparedSet(folder);
    const expected = await collect(maskedBatches(set, options));
    expect(expected.length).toBe(83);
    expect(await collect(prefetchedBatches(folder, { ...options, ahead: 3 }))).toEqual(expected);
    const { cursor } = expected[40]!;
    expect(await collect(prefetchedBatches(folder, { ...options, cursor }))).toEqual(expected.slice(41));
    set.close();
  });

  it("ends its thread when the consumer leaves early, and passes errors on", async () => {
    for await (const { batch } of prefetchedBatches(folder, options)) {
      expect(batch.inputIds.length).toBe(96);
      break;
    }
    await expect(prefetchedBatches(folder, { ...options, maskId: 100 }).next()).rejects.toThrow(RangeError);
    const changing = { ...options, masking: () => ({ kind: "exact", rate: 0.25 }) as const };
    await expect(prefetchedBatches(folder, changing).next()).rejects.toThrow("use maskedBatches");
    await expect(prefetchedBatches(join(folder, "none"), options).next()).rejects.toThrow("prepare the set first");
    const shard = await open(join(folder, "shard-00004.bin"), "r+");
    await shard.write(new Uint8Array([99]), 0, 1, 20);
    await shard.close();
    const read = collect(prefetchedBatches(folder, { ...options, reshuffle: false }));
    await expect(read).rejects.toThrow(/shard-00004\.bin: expected checksum .*offset|bytes/);
  });
});
