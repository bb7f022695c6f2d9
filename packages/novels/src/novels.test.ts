import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { novels, novelsDigest, novelUrl } from "./index.ts";

const sha256 = (...parts: Buffer[]) =>
  parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest("hex");

it("holds each novel to its size and digest, and all of them to theirs", async () => {
  const texts = await Promise.all(novels.map((novel) => readFile(novelUrl(novel))));
  for (const [index, novel] of novels.entries()) {
    expect(texts[index]).toHaveLength(novel.bytes);
    expect(sha256(texts[index]!)).toBe(novel.sha256);
  }
  expect(sha256(...texts)).toBe(novelsDigest);
  expect(texts.reduce((sum, { length }) => sum + length, 0)).toBeGreaterThan(3_000_000);
});

it("is prose alone: no notice of who made a copy, and no marks for italics", async () => {
  for (const novel of novels) {
    const text = await readFile(novelUrl(novel), "utf8");
    expect(text).not.toMatch(/gutenberg|transcriber|\be-?text\b|copyright|_/i);
    expect(text.toLowerCase().startsWith(novel.title.toLowerCase())).toBe(true);
  }
});
