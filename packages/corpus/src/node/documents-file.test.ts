import { existsSync, mkdtempSync, readdirSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { collect } from "../collect.ts";
import type { Document } from "../document.ts";
import { appendToFile } from "./append-file.ts";
import { readDocuments, writeDocuments } from "./documents-file.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cramkit-documents-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function* stream(documents: Document[]): AsyncGenerator<Document> {
  yield* documents;
}

it("gives back what was written, again and again, with texts of any length", async () => {
  const documents: Document[] = [
    { text: "" },
    { text: "\u4e2d\n", source: "", id: "1" },
    { text: "x".repeat(3_000_000), source: "s" },
    ...Array.from({ length: 3000 }, (_, index) => ({ text: `text ${index} `.repeat(index % 90), id: `${index}` })),
  ];
  const path = join(folder, "sub", "documents");
  const characters = documents.reduce((sum, { text }) => sum + text.length, 0);
  expect(await writeDocuments(path, stream(documents))).toEqual({ documents: documents.length, characters });
  for (let times = 0; times < 2; times++) expect(await collect(readDocuments(path))).toEqual(documents);
  expect(await collect(readDocuments(path, { from: 40 }))).toEqual(documents.slice(40));
  expect(await collect(readDocuments(path, { from: documents.length }))).toEqual([]);
  expect(readdirSync(join(folder, "sub"))).toEqual(["documents"]);
  truncateSync(path, 2_000_000);
  await expect(collect(readDocuments(path))).rejects.toThrow(/documents: the file ends inside a document/);
  await writeDocuments(path, stream([]));
  expect(await collect(readDocuments(path))).toEqual([]);
});

it("leaves nothing behind where the documents fail", async () => {
  const path = join(folder, "failing", "documents");
  async function* failing(): AsyncGenerator<Document> {
    yield { text: "x".repeat(3_000_000) };
    throw new Error("no more");
  }
  await expect(writeDocuments(path, failing())).rejects.toThrow("no more");
  expect(readdirSync(join(folder, "failing"))).toEqual([]);
});

it.skipIf(!existsSync("/dev/full"))("names the file where the disk is full", async () => {
  const file = appendToFile("/dev/full", 16);
  file.append(new Uint8Array(10));
  expect(() => file.close()).toThrow(/^\/dev\/full: the disk is full \(ENOSPC\); free some space/);
});
