import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { collect } from "../../collect.ts";
import { restartable } from "../../restartable.ts";
import { takeDocuments } from "../../select.ts";
import { fileDocuments } from "../sources/files.ts";
import { deduplicateSubstrings } from "./substrings.ts";

const data = join(process.env.CRAMKIT_SHARED ?? "../shared", "data/text");

it.skipIf(!existsSync(data))("removes from real books exactly what the definition removes", async () => {
  const workFolder = mkdtempSync(join(tmpdir(), "cramkit-books-"));
  const minBytes = 40; // natural repeats of 75 bytes are rare in a few books
  const books = await collect(takeDocuments(fileDocuments({ path: join(data, "gutenberg") }), { characters: 3e6 }));
  const [first, second] = books as [{ text: string }, { text: string }];
  books.push({ text: `${second.text.slice(5000, 9000)} and ${first.text.slice(10_000, 30_000)}` });

  // One character a byte, so that the definition can be written over strings.
  const seen = new Map<string, number>();
  let start = 0;
  const expected = books.map(({ text }) => {
    const bytes = Buffer.from(text);
    const letters = bytes.toString("latin1");
    const covered = new Uint8Array(bytes.length + 1);
    for (let index = 0; index + minBytes <= bytes.length; index++) {
      const window = letters.slice(index, index + minBytes);
      const earlier = seen.get(window);
      if (earlier === undefined) seen.set(window, start + index);
      else if (earlier + minBytes <= start + index) covered.fill(1, index, index + minBytes);
    }
    start += bytes.length;
    // A character is removed if all of its bytes are covered.
    const kept: Uint8Array[] = [];
    for (let from = 0; from < bytes.length; ) {
      let to = from + 1;
      while (((bytes[to] ?? 0) & 0xc0) === 0x80) to++;
      if (covered.subarray(from, to).includes(0)) kept.push(bytes.subarray(from, to));
      from = to;
    }
    return Buffer.concat(kept).toString("utf8");
  });

  const documents = restartable(async function* () {
    yield* books;
  });
  for (const memoryBytes of [4 << 20, 64 << 20]) {
    const filtered = deduplicateSubstrings({ minBytes, memoryBytes, workFolder })(documents);
    const found = (await collect(filtered)).map(({ text }) => text);
    expect(found).toHaveLength(expected.filter((text) => text.trim() !== "").length);
    expect(found.every((text, index) => text === expected.filter((kept) => kept.trim() !== "")[index])).toBe(true);
    expect(filtered.report().changed.characters).toBeGreaterThan(20_000);
  }
  rmSync(workFolder, { recursive: true });
});
