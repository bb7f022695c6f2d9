import { createReadStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { createGunzip } from "node:zlib";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openPreparedSet, verifyPreparedSet } from "./open-prepared-set.ts";
import { writePreparedSet } from "./write-prepared-set.ts";

const books = join(process.env.CRAMKIT_SHARED ?? "../shared", "data/text/gutenberg");
const files = Array.from({ length: 6 }, (_, i) => join(books, `books-0${i}-of-6.jsonl.gz`));
const fullStop = ".".charCodeAt(0);

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "packer-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** Books as bytes: a token is a byte of UTF-8, the separator is 0. */
async function* documents(counted: { bytes: number }) {
  for (const file of files)
    for await (const line of createInterface({ input: createReadStream(file).pipe(createGunzip()) })) {
      const bytes = Buffer.from((JSON.parse(line) as { text: string }).text);
      counted.bytes += bytes.length + 1;
      yield bytes;
    }
}

it("orders the bytes of books by their full stops, the same in little memory and in much", async () => {
  const options = {
    seqLength: 128,
    vocabSize: 256,
    separatorId: 0,
    order: { by: "token-count", tokenId: fullStop },
  } as const;
  const counted = { bytes: 0 };
  const little = join(root, "little");
  const manifest = await writePreparedSet(little, documents(counted), { ...options, memoryBytes: 2 ** 24 });
  expect(manifest.counts.tokens + manifest.counts.droppedTokens).toBe(counted.bytes);
  expect(manifest.counts.droppedTokens).toBeLessThan(128);
  expect(await writePreparedSet(join(root, "much"), documents({ bytes: 0 }), options)).toEqual(manifest);
  await verifyPreparedSet(little);

  const set = await openPreparedSet(little);
  const row = new Int32Array(128);
  let last = 128;
  for (let r = 0; r < set.rowCount; r++) {
    set.readRows([r], row);
    const count = row.reduce((sum, id) => sum + (id === fullStop ? 1 : 0), 0);
    if (count > last) throw new Error(`row ${r} has ${count} full stops after one of ${last}`);
    last = count;
  }
  set.close();
});
