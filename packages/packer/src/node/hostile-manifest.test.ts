import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { type Manifest, manifestDigest } from "./manifest.ts";
import { openPreparedSet, verifyPreparedSet } from "./open-prepared-set.ts";
import { writePreparedSet } from "./write-prepared-set.ts";

const folder = mkdtempSync(join(tmpdir(), "hostile-manifest-"));
afterAll(() => rmSync(folder, { recursive: true }));

const path = join(folder, "manifest.json");
const written = writePreparedSet(
  folder,
  Array.from({ length: 50 }, (_, n) => [n + 1, n + 2, n + 3]),
  { vocabSize: 100, seqLength: 8 },
).then(() => JSON.parse(readFileSync(path, "utf8")) as Manifest);

/** A manifest that somebody changed and gave the digest of its new content. */
const change = async (changes: Partial<Manifest>) => {
  const changed = { ...(await written), ...changes };
  writeFileSync(path, JSON.stringify({ ...changed, digest: manifestDigest(changed) }));
};

it("refuses rows whose ids are beyond the vocabulary of the manifest", async () => {
  await change({ vocabSize: 40 });
  await expect(verifyPreparedSet(folder)).rejects.toThrow(/shard-00000.*expected token ids below 40.*got \d+/);
  const set = await openPreparedSet(folder);
  expect(() => set.readRows([0, 1, 2, 3, 10, 17], new Int32Array(48))).toThrow(/expected token ids below 40/);
  set.close();
});

it.each([
  [{ tokenBytes: 4, seqLength: 4 }, /expected tokens as wide as the vocabulary needs, got 4 bytes/],
  [{ vocabSize: 2 ** 33, tokenBytes: 4, seqLength: 4 }, /expected tokens as wide/],
  [{ rowsPerBlock: 2 ** 52 }, /expected blocks within a shard/],
  [{ rowsPerShard: 2 ** 52, rowsPerBlock: 2 ** 52 }, undefined],
  [{ rowsPerShard: 16, rowsPerBlock: 16 }, /expected shard shard-00000.bin to have 16 rows/],
] as [Partial<Manifest>, RegExp | undefined][])("allocates nothing for %j", async (changes, message) => {
  await change(changes);
  const opened = openPreparedSet(folder).then((set) => {
    set.readRows([0, 1, 2], new Int32Array(24));
    set.close();
  });
  await (message ? expect(opened).rejects.toThrow(message) : expect(opened).resolves.toBeUndefined());
});

it("says which value is off, also if it is nested too deep to be written out or compared", async () => {
  const manifest = (await written) as unknown as Record<string, unknown>;
  const [shard] = manifest.shards as Record<string, unknown>[];
  const nested = `${"[".repeat(100_000)}1${"]".repeat(100_000)}`;
  const withNest = (value: unknown) => JSON.stringify(value).replace('"nest"', nested);
  const changed = [
    ...Object.keys(manifest).map((name) => ({ ...manifest, [name]: "nest" })),
    ...Object.keys(shard!).map((name) => ({ ...manifest, shards: [{ ...shard, [name]: "nest" }] })),
    { ...manifest, shards: ["nest"] },
  ];
  for (const content of changed) {
    writeFileSync(path, withNest(content));
    await expect(openPreparedSet(folder)).rejects.toThrow(/manifest\.json: /);
  }
});
