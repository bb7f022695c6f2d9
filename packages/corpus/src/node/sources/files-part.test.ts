import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { collect } from "../../collect.ts";
import { writeDocuments } from "../documents-file.ts";
import { readSpool, spoolRanges } from "../spool.ts";
import type { BadInput } from "./bad-input.ts";
import { fileDocuments } from "./files.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cramkit-part-"));
  for (let n = 0; n < 7; n++) writeFileSync(join(folder, `${n}.txt`), `text ${n}`);
});
afterAll(() => rmSync(folder, { recursive: true }));

it("reads every file once in parts, whatever their number", async () => {
  for (const of of [1, 2, 3, 7, 9]) {
    const found: string[] = [];
    for (let index = 0; index < of; index++) {
      const documents = fileDocuments({ path: folder, part: { index, of } });
      for (const { text } of await collect(documents)) found.push(text);
      expect(documents.report().files).toBe(Math.ceil((7 - index) / of) || 0);
    }
    expect(found.sort()).toEqual(Array.from({ length: 7 }, (_, n) => `text ${n}`));
  }
  await expect(collect(fileDocuments({ path: folder, part: { index: 3, of: 3 } }))).rejects.toThrow(
    "expected a part with an index of 0 to of - 1, got 3 of 3",
  );
});

it("tells of each record that cannot be read", async () => {
  const path = join(folder, "bad.jsonl");
  writeFileSync(path, '{"text": "a"}\n{"text"\n{"text": "b"}\n');
  const found: BadInput[] = [];
  await collect(fileDocuments({ path, maxBadShare: 1, onBad: (bad) => found.push(bad) }));
  expect(found).toMatchObject([{ kind: "record", records: 1, file: path, place: "line 2" }]);
});

it("cuts a spool into ranges of whole documents", async () => {
  const path = join(folder, "spool");
  const documents = Array.from({ length: 23 }, (_, n) => ({
    text: "ä".repeat((n * 7) % 50),
    id: n % 2 ? `${n}` : undefined,
  }));
  await writeDocuments(
    path,
    (async function* () {
      yield* documents;
    })(),
  );
  for (const count of [1, 3, 8, 100]) {
    const ranges = await spoolRanges(path, count);
    expect(ranges.length).toBeLessThanOrEqual(count);
    const texts: string[] = [];
    for (const range of ranges)
      for await (const { bytes } of readSpool(path, range)) texts.push(bytes.toString("utf8"));
    expect(texts).toEqual(documents.map(({ text }) => text));
  }
});
