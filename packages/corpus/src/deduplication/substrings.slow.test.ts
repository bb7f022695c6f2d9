import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { Document } from "../document.ts";
import { finish } from "../finish-hash.ts";
import { deduplicateSubstrings } from "./substrings.ts";

/** Random letters of its own for each number: no 60 of them repeat by chance. */
function uniqueText(length: number, seed: number): string {
  const codes = new Uint8Array(length);
  const own = finish(seed);
  for (let index = 0; index < length; index++) codes[index] = 97 + (finish(finish(index + 1) ^ own) % 26);
  return Buffer.from(codes).toString("latin1");
}

it("finds planted copies of every length from 60 to 5,000 bytes, from 75 on and never below", async () => {
  const workFolder = mkdtempSync(join(tmpdir(), "cramkit-planted-"));
  const [shortest, longest, kinds] = [60, 5000, 3];
  const planted = (length: number) => uniqueText(length, length);
  /** The original, then a copy in the same document, in the next one, or in one far behind. */
  const texts = (copied: (length: number) => string): string[] => {
    const near: string[] = [];
    const far: string[] = [];
    for (let length = shortest; length <= longest; length++) {
      const [before, between, after] = [1, 2, 3].map((part) => uniqueText(150, length * 10 + part + 100_000));
      const first = `${before}<${planted(length)}>${between}`;
      const copy = `(${copied(length)})${after}`;
      if (length % kinds === 0) near.push(first + copy);
      else {
        near.push(first);
        (length % kinds === 1 ? near : far).push(`${length}${copy}`);
      }
    }
    return [...near, ...far];
  };
  async function* documents(): AsyncGenerator<Document> {
    for (const text of texts(planted)) yield { text };
  }
  const expected = texts((length) => (length >= 75 ? "" : planted(length)));
  for (const memoryBytes of [2 << 20, 256 << 20]) {
    let index = 0;
    for await (const { text } of deduplicateSubstrings({ workFolder, memoryBytes })(documents())) {
      if (text !== expected[index++]) throw new Error(`document ${index - 1} of ${expected.length} differs`);
    }
    expect(index).toBe(expected.length);
  }
  rmSync(workFolder, { recursive: true });
});
