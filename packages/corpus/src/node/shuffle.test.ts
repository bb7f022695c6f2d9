import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { collect } from "../collect.ts";
import type { Document } from "../document.ts";
import { shuffleDocuments } from "./shuffle.ts";

let workFolder: string;
beforeAll(() => {
  workFolder = mkdtempSync(join(tmpdir(), "cramkit-shuffle-"));
});
afterAll(() => rmSync(workFolder, { recursive: true }));

async function* numbered(count: number): AsyncGenerator<Document> {
  for (let index = 0; index < count; index++) {
    yield index % 3 ? { text: `document ${index} \u4e2d`, source: "s", id: `i ${index}` } : { text: `bare ${index}` };
  }
}

const shuffled = (count: number, seed: number, memoryBytes?: number) =>
  collect(shuffleDocuments(numbered(count), { seed, memoryBytes, workFolder }));

describe("shuffleDocuments", () => {
  it("gives every document once, whole, in the same order for any amount of memory", async () => {
    const inMemory = await shuffled(5000, 7);
    const byText = (a: Document, b: Document) => (a.text < b.text ? -1 : 1);
    expect([...inMemory].sort(byText)).toEqual((await collect(numbered(5000))).sort(byText));
    expect(await shuffled(5000, 7, 100_000)).toEqual(inMemory);
    expect(await shuffled(300, 7, 1200)).toEqual(await shuffled(300, 7)); // files of files
    expect(await shuffled(5000, 8)).not.toEqual(inMemory);
    expect(readdirSync(workFolder)).toEqual([]);
  });

  it("mixes well: neighbours part, and every place is as likely as another", async () => {
    const order = (await shuffled(4000, 3)).map(({ text }) => Number(/\d+/.exec(text)?.[0]));
    const neighbours = order.filter((value, index) => Math.abs(value - (order[index - 1] ?? -9)) === 1).length;
    expect(neighbours).toBeLessThan(12); // 2 expected
    const displacement = order.reduce((sum, value, index) => sum + Math.abs(value - index), 0) / 4000;
    expect(displacement / 4000).toBeCloseTo(1 / 3, 1);
    const first = await Promise.all(Array.from({ length: 200 }, (_, seed) => shuffled(10, seed)));
    const counts = new Array(10).fill(0);
    for (const [document] of first) counts[Number(/\d+/.exec(document?.text ?? "")?.[0])]++;
    expect(Math.min(...counts)).toBeGreaterThan(5);
    expect(Math.max(...counts)).toBeLessThan(40);
  });
});
