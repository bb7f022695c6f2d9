import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import xxhash from "xxhash-wasm";
import { collect } from "../../collect.ts";
import { parquetFile, textPage } from "../../testing/parquet-file.testing.ts";
import { zstdFrame } from "../../testing/zstd-frame.testing.ts";
import { fileDocuments } from "./files.ts";
import { zstdInScript } from "./zstd-in-script.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cramkit-integrity-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const texts = Array.from({ length: 40 }, (_, n) => `document ${n} of ${(n * 2654435761) % 4294967296}`);
const jsonLines = Buffer.from(texts.map((text) => JSON.stringify({ text })).join("\n"));

/** What is wrong with a file, or undefined if its texts are what they were. */
const complaint = async (name: string, bytes: Uint8Array): Promise<string | undefined> => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  const source = fileDocuments({ path, maxBadShare: 0 });
  try {
    const read = (await collect(source)).map(({ text }) => text);
    return JSON.stringify(read) === JSON.stringify(texts) ? undefined : "silent";
  } catch (error) {
    return (error as Error).message;
  }
};

/** Flips bits all over the bytes, one at a time: what became of each. */
const flips = async (name: string, bytes: Buffer, count = 60): Promise<Record<string, number>> => {
  const outcomes: Record<string, number> = { heard: 0, harmless: 0, silent: 0 };
  for (let flip = 0; flip < count; flip++) {
    const bit = Math.floor((flip * (bytes.length * 8)) / count);
    const damaged = Buffer.from(bytes);
    damaged[bit >> 3]! ^= 1 << (bit & 7);
    const found = await complaint(name, damaged);
    outcomes[found === undefined ? "harmless" : found === "silent" ? "silent" : "heard"]!++;
  }
  return outcomes;
};

const checksumOf = async (data: Uint8Array): Promise<number> =>
  Number((await xxhash()).create64().update(data).digest() & 0xffff_ffffn);

describe("no flipped bit is silent", () => {
  it("in zstd frames that have a checksum", async () => {
    const half = jsonLines.indexOf("\n", jsonLines.length / 2) + 1;
    const parts = [jsonLines.subarray(0, half), jsonLines.subarray(half)];
    const frames: Buffer[] = [];
    for (const part of parts) frames.push(zstdFrame(part, { checksum: await checksumOf(part), blockBytes: 500 }));
    expect(await complaint("a.jsonl.zst", Buffer.concat(frames))).toBeUndefined();
    // What is left is the descriptor of the window, and a checksum that is said not to be there has to be heard.
    expect(await flips("a.jsonl.zst", Buffer.concat(frames))).toMatchObject({ silent: 0 });
  });

  it("in gzip members", async () => {
    const half = jsonLines.indexOf("\n", jsonLines.length / 2) + 1;
    const members = Buffer.concat([gzipSync(jsonLines.subarray(0, half)), gzipSync(jsonLines.subarray(half))]);
    expect(await flips("a.jsonl.gz", members)).toMatchObject({ silent: 0 });
    for (const cut of [1, 4, 7, 8, 9]) {
      expect(await complaint("a.jsonl.gz", members.subarray(0, -cut))).toMatch(
        /the gzip data is damaged or ends early/,
      );
    }
  });

  it("in Parquet pages that have a checksum", async () => {
    const pages = [texts.slice(0, 15), texts.slice(15)].map((part) => textPage(part));
    const file = parquetFile(pages, { rows: texts.length });
    expect(await complaint("a.parquet", file)).toBeUndefined();
    const end = file.readUInt32LE(file.length - 8) + 8;
    const data = file.subarray(4, -end);
    const rest = (damaged: Buffer) => Buffer.concat([file.subarray(0, 4), damaged, file.subarray(-end)]);
    let silent = 0;
    for (let flip = 0; flip < 60; flip++) {
      const bit = Math.floor((flip * data.length * 8) / 60);
      const damaged = Buffer.from(data);
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      if ((await complaint("a.parquet", rest(damaged))) === "silent") silent++;
    }
    expect(silent).toBe(0);
  });
});

describe("zstdInScript", () => {
  const unpack = async (bytes: Buffer): Promise<Buffer> => {
    const chunks: Buffer[] = [];
    for await (const chunk of zstdInScript(
      (async function* () {
        yield bytes;
      })(),
    ))
      chunks.push(chunk);
    return Buffer.concat(chunks);
  };

  it("refuses a wrong checksum and a wrong size", async () => {
    const data = Buffer.from("some data");
    const checksum = await checksumOf(data);
    expect(await unpack(zstdFrame(data, { checksum }))).toEqual(data);
    expect(await unpack(Buffer.concat([zstdFrame(data, { checksum }), zstdFrame(data, { checksum })]))).toHaveLength(
      18,
    );
    await expect(unpack(zstdFrame(data, { checksum: (checksum ^ 1) >>> 0 }))).rejects.toThrow(
      "does not have its checksum",
    );
    // A single segment whose header says 10 bytes, with one block of 9.
    const sized = Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x20, 10, (9 << 3) | 1, 0, 0]), data]);
    await expect(unpack(sized)).rejects.toThrow("not of the size that its header announces");
    sized[5] = 9;
    expect(await unpack(sized)).toEqual(data);
  });

  it("leaves skippable frames out, and refuses a single segment beyond its memory before making room", async () => {
    const skippable = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
    expect(await unpack(Buffer.concat([skippable, zstdFrame(Buffer.from("a")), skippable]))).toEqual(Buffer.from("a"));
    const huge = Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xa0]), Buffer.from([0, 0, 0, 0x7f, 1, 0, 0])]);
    await expect(unpack(huge)).rejects.toThrow("has a window of 2^31 bytes, more than 2^30");
  });
});
