import { mkdtemp, open, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { maskedBatches } from "../masked-batches.ts";
import { openPreparedSet, verifyPreparedSet } from "./open-prepared-set.ts";
import { preparedSetKey } from "./prepared-set-key.ts";
import { type PrepareOptions, writePreparedSet } from "./write-prepared-set.ts";

let folder = "";
const document = Array.from({ length: 1200 }, (_, i) => (i * i) % 99);
const options: PrepareOptions = {
  seqLength: 10,
  vocabSize: 100,
  rowsPerShard: 25,
  configuration: { source: "squares" },
  report: () => ({ tooShort: 3 }),
  files: { "tokenizer.json": '{"model":"none"}' },
};
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "packer-"));
  await writePreparedSet(folder, [document], options);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const editManifest = async (change: Record<string, unknown>) => {
  const path = join(folder, "manifest.json");
  await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, "utf8")), ...change }));
};

const flipBit = async (file: string, offset: number, bit: number) => {
  const handle = await open(join(folder, file), "r+");
  const { buffer } = await handle.read(new Uint8Array(1), 0, 1, offset);
  await handle.write(new Uint8Array([buffer[0]! ^ (1 << bit)]), 0, 1, offset);
  await handle.close();
};

describe("openPreparedSet", () => {
  it("reads any rows in any order, from files of plain little-endian ids", async () => {
    const set = await openPreparedSet(folder);
    const wanted = [119, 0, 60, 61, 24, 25, 7, 118];
    const target = new Int32Array(80);
    for (let times = 0; times < 3; times++) {
      set.readRows(wanted, target.fill(0));
      expect([...target]).toEqual(wanted.flatMap((row) => document.slice(row * 10, row * 10 + 10)));
    }
    expect(() => set.readRows([120], target)).toThrow("0 to 119");
    set.close();
    expect(() => set.readRows([0], target)).toThrow("closed");
    expect([...(await readFile(join(folder, "shard-00001.bin"))).subarray(0, 4)]).toEqual([
      document[250],
      0,
      document[251],
      0,
    ]);
  });

  it("states what made the set", async () => {
    const { manifest } = await openPreparedSet(folder);
    expect(manifest).toMatchObject({
      format: "cramkit-prepared-set",
      version: 2,
      seqLength: 10,
      rowCount: 120,
      vocabSize: 100,
      tokenBytes: 2,
      configuration: { source: "squares" },
      report: { tooShort: 3 },
      counts: { documents: 1, tokens: 1200 },
    });
    expect(manifest.shards.map((shard) => shard.rows)).toEqual([25, 25, 25, 25, 20]);
    expect(await readFile(join(folder, "tokenizer.json"), "utf8")).toBe('{"model":"none"}');
    expect(await verifyPreparedSet(folder)).toEqual(manifest);
  });

  it("keeps four bytes a token for large vocabularies", async () => {
    const large = join(folder, "large");
    await writePreparedSet(large, [[1, 70_000, 3, 4]], { seqLength: 2, vocabSize: 100_000, order: "shuffled" });
    const set = await openPreparedSet(large);
    const target = new Int32Array(4);
    set.readRows([0, 1], target);
    expect([...target].sort((a, b) => a - b)).toEqual([1, 3, 4, 70_000]);
    expect(set.manifest.tokenBytes).toBe(4);
    set.close();
  });

  it("names the file, byte and bit that is flipped, when the rows are read", async () => {
    await flipBit("shard-00002.bin", 137, 5);
    const message = /shard-00002\.bin: .*bit 5 of the byte at offset 137 is flipped; .*prepare the set again/;
    const set = await openPreparedSet(folder);
    const target = new Int32Array(10);
    set.readRows([49], target);
    expect(() => set.readRows([50], target)).toThrow(message);
    expect(() => set.readRows([50], target)).toThrow(message);
    set.close();
    await expect(verifyPreparedSet(folder)).rejects.toThrow(message);
  });

  it("names the damaged block where more differs, and damaged other files", async () => {
    await flipBit("tokenizer.json", 3, 1);
    await expect(verifyPreparedSet(folder)).rejects.toThrow(/tokenizer\.json: .*bit 1 of the byte at offset 3/);
    await flipBit("tokenizer.json", 3, 1);
    await flipBit("shard-00000.bin", 3, 1);
    await flipBit("shard-00000.bin", 9, 1);
    await expect(verifyPreparedSet(folder)).rejects.toThrow(/shard-00000\.bin: .*bytes 0 to 499 are damaged/);
  });

  it("names a missing or truncated shard when it opens", async () => {
    await truncate(join(folder, "shard-00003.bin"), 400);
    await expect(openPreparedSet(folder)).rejects.toThrow(/shard-00003\.bin: expected 500 bytes, got 400/);
    await rm(join(folder, "shard-00003.bin"));
    await expect(openPreparedSet(folder)).rejects.toThrow(/shard-00003\.bin: expected 500 bytes, got no file/);
  });

  it("refuses a newer manifest, an older one, a foreign one and a broken one", async () => {
    await editManifest({ version: 3 });
    await expect(openPreparedSet(folder)).rejects.toThrow(/version 2 or older, got version 3; update @cramkit\/packer/);
    await expect(writePreparedSet(folder, [document], options)).rejects.toThrow("update @cramkit/packer");
    await editManifest({ version: 1 });
    const older =
      /expected version 2, got version 1, .* prepare the set again in another folder, or finish what uses it/;
    await expect(openPreparedSet(folder)).rejects.toThrow(older);
    await expect(writePreparedSet(folder, [document], options)).rejects.toThrow(older);
    await editManifest({ version: 2, rowCount: 119 });
    await expect(openPreparedSet(folder)).rejects.toThrow("expected 119 rows in all shards, got 120");
    await editManifest({ format: "other" });
    await expect(openPreparedSet(folder)).rejects.toThrow("not a prepared set");
    await writeFile(join(folder, "manifest.json"), '{"format": "cramk');
    await expect(openPreparedSet(folder)).rejects.toThrow("expected JSON");
    await rm(join(folder, "manifest.json"));
    await expect(openPreparedSet(folder)).rejects.toThrow("prepare the set first");
  });
});

describe("a prepared set", () => {
  const unread = () => {
    throw new Error("read the documents");
  };

  it("is reused by its configuration, after a look at the first documents alone", async () => {
    const again = await writePreparedSet(folder, [document], options);
    expect(again.rowCount).toBe(120);
    for (const change of [{ configuration: { source: "cubes" } }, { order: "shuffled" as const }, { separatorId: 1 }])
      await expect(writePreparedSet(folder, unread, { ...options, ...change })).rejects.toThrow("got a set with key");
  });

  it("has a key that does not depend on the order of names", () => {
    expect(preparedSetKey({ a: 1, b: { c: [1, 2], d: null } })).toBe(
      preparedSetKey({ b: { d: null, c: [1, 2] }, a: 1 }),
    );
    expect(preparedSetKey({ a: 1 })).not.toBe(preparedSetKey({ a: 2 }));
    expect(preparedSetKey({ a: 1 })).toMatch(/^[0-9a-f]{16}$/);
  });

  it("refuses a cursor of another set", async () => {
    const set = await openPreparedSet(folder);
    const { value } = await maskedBatches(set, { batchSize: 4, maskId: 1 }).next();
    const other = join(folder, "other");
    await writePreparedSet(other, [document], { ...options, configuration: null });
    const otherSet = await openPreparedSet(other);
    const resumed = maskedBatches(otherSet, { batchSize: 4, maskId: 1, cursor: value!.cursor });
    await expect(resumed.next()).rejects.toThrow("expected a cursor of the stream");
    set.close();
    otherSet.close();
  });
});
