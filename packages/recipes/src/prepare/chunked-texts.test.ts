import { appendFileSync, mkdtempSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chunkDictionary, chunkRule, crammingTokenizerOptions } from "@cramkit/tokenizer";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createChunksWriter, openChunks, removeChunks } from "./chunked-texts.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cramkit-chunks-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const { normalizer, preTokenizer } = crammingTokenizerOptions();
const rule = chunkRule(normalizer!, preTokenizer!)!;
// More than a buffer of small ones, one that is larger than the buffer, and an empty one.
const texts = Array.from({ length: 3000 }, (_, n) => `text ${n} has ${"words and ".repeat(n % 90)}\u{1f600}${n % 7}`);
texts[1000] = "a lot of words ".repeat(100_000);
texts[2000] = "";
texts[2001] = "x".repeat(1001);

const write = async (maxChunks?: number) => {
  const dictionary = chunkDictionary(rule, { maxChunks });
  const writer = await createChunksWriter(folder, dictionary);
  for (const text of texts) await writer.add(text);
  await writer.commit();
  return dictionary;
};

it.each([undefined, 50])("gives back the chunks of every text, from any on, with a dictionary of %s", async (most) => {
  const dictionary = await write(most);
  const stored = (await openChunks(folder, texts.length))!;
  expect(stored.size).toBe(dictionary.size);
  expect(stored.rule).toMatchObject({ keepSpace: false, anyNeighbour: false });
  expect([...stored.rule.kinds]).toEqual([...rule.kinds]);
  for (let n = 0; n < stored.size; n += 17) expect(stored.chunk(n)).toBe(dictionary.chunk(n));
  for (const from of [0, 999, 2999, 3000]) {
    let number = from;
    let isSame = true;
    for await (const { length, sequence } of stored.read(from)) {
      const text = texts[number++]!;
      const expected = dictionary.read(text);
      isSame &&= length === text.length && sequence.length === expected.length;
      isSame &&= sequence.every((element, i) => element === expected[i]);
    }
    expect([number, isSame]).toEqual([3000, true]);
  }
});

it("does without files that are missing, damaged, or of other documents", async () => {
  await write();
  expect(await openChunks(folder, texts.length + 1)).toBeUndefined();
  appendFileSync(join(folder, "work", "training-chunks.bin"), "x");
  expect(await openChunks(folder, texts.length)).toBeUndefined();
  await write();
  truncateSync(join(folder, "work", "training-dictionary.bin"), 100);
  expect(await openChunks(folder, texts.length)).toBeUndefined();
  await write();
  await removeChunks(folder);
  expect(await openChunks(folder, texts.length)).toBeUndefined();
  await (await createChunksWriter(folder, chunkDictionary(rule))).abort();
  expect(await openChunks(folder, texts.length)).toBeUndefined();
});
