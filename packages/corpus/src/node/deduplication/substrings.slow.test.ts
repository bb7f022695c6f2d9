import { mkdtempSync, rmSync } from "node:fs";
import { appendFile, mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { finish } from "../finish-hash.ts";
import { fileDocuments } from "../sources/files.ts";
import { deduplicateSubstrings } from "./substrings.ts";

/** Random letters of its own for each number: no 60 of them repeat by chance. */
const uniqueText = (length: number, seed: number): string => {
  const codes = new Uint8Array(length);
  const own = finish(seed);
  for (let index = 0; index < length; index++) codes[index] = 97 + (finish(finish(index + 1) ^ own) % 26);
  return Buffer.from(codes).toString("latin1");
};

const [shortest, longest] = [60, 5000];

/**
 * For every length a text with copies in the same document, in the next one, in one far behind, and in another shard;
 * signs that differ keep their neighbours from being equal by chance. What stands behind a copy has its own number.
 */
const shards = (copied: (text: string) => string): string[][] => {
  const [near, far, other]: [string[], string[], string[]] = [[], [], []];
  for (let length = shortest; length <= longest; length++) {
    const planted = uniqueText(length, length);
    const filler = (part: number) => uniqueText(150, length * 10 + part + 100_000);
    near.push(`${filler(1)}<${planted}>${filler(2)}(${copied(planted)})${filler(3)}`);
    near.push(`${length}[${copied(planted)}]${filler(4)}`);
    far.push(`${length}{${copied(planted)}}${filler(5)}`);
    other.push(`${length}/${copied(planted)}\\${filler(6)}`);
  }
  return [[...near, ...far], other];
};

it("finds planted copies of every length from 60 to 5,000 bytes, from 75 on and never below", async () => {
  const root = mkdtempSync(join(tmpdir(), "cramkit-planted-"));
  const [workFolder, path] = [join(root, "work"), join(root, "shards")];
  await mkdir(path);
  for (const [shard, texts] of shards((text) => text).entries()) {
    const lines = (from: number) => texts.slice(from, from + 1000).map((text) => `${JSON.stringify({ text })}\n`);
    for (let from = 0; from < texts.length; from += 1000)
      await appendFile(join(path, `${shard}.jsonl`), lines(from).join(""));
  }
  const expected = shards((text) => (text.length >= 75 ? "" : text)).flat();
  for (const memoryBytes of [2 << 20, 256 << 20]) {
    let index = 0;
    const sources = new Set<string | undefined>();
    for await (const { text, source } of deduplicateSubstrings({ workFolder, memoryBytes })(fileDocuments({ path }))) {
      if (text !== expected[index++]) throw new Error(`document ${index - 1} of ${expected.length} differs`);
      sources.add(source);
    }
    expect(index).toBe(expected.length);
    expect([...sources]).toEqual(["0.jsonl", "1.jsonl"]);
  }
  rmSync(root, { recursive: true });
});
