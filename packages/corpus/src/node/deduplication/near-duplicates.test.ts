import { mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { collect } from "../../collect.ts";
import type { Document } from "../../document.ts";
import { deduplicateNear } from "./near-duplicates.ts";

const words = (count: number, salt: number) => Array.from({ length: count }, (_, i) => `w${salt}x${(i * 7919) % 9973}`);

async function* stream(texts: string[]): AsyncGenerator<Document> {
  for (const [index, text] of texts.entries()) yield { text, source: "test", id: String(index) };
}

it("keeps the first of near-duplicates, and everything else in its order", async () => {
  const workFolder = mkdtempSync(join(tmpdir(), "near-"));
  const [a, b, c] = [1, 2, 3].map((salt) => words(200, salt));
  const changed = (text: string[], at: number) => text.map((word, i) => (i === at ? "other" : word)).join(" ");
  const texts = [
    a!.join(" "),
    b!.join(" "),
    changed(a!, 100),
    "too short",
    changed(b!, 20).toUpperCase(),
    "too short",
    c!.join(" "),
    "",
  ];
  const filtered = deduplicateNear({ workFolder })(stream(texts));
  expect((await collect(filtered)).map(({ id }) => id)).toEqual(["0", "1", "3", "5", "6", "7"]);
  expect(filtered.report()).toMatchObject({
    filter: "near-duplicates by 14 bands of 8 hashes of 5 words",
    kept: { documents: 6 },
    dropped: { documents: 2 },
    examples: [{ id: "2", reason: "nearly the same as document 0" }, { id: "4" }],
  });
  expect(await collect(deduplicateNear({ workFolder })(stream([])))).toEqual([]);
  for await (const _ of deduplicateNear({ workFolder })(stream(texts))) break;
  expect(readdirSync(workFolder)).toEqual([]);
});
