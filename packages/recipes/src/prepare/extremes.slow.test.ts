import { closeSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { quiet, sentences, tinyRun } from "../testing/tiny.testing.ts";
import { prepare } from "./prepare.ts";

it("reads 200 MB in one line in passages, of which it can take the first", { timeout: 600_000 }, async () => {
  const { recipe, root } = tinyRun();
  const path = join(root, "line.txt");
  const file = openSync(path, "w");
  const piece = `${sentences(2000).join(" ")} `;
  for (let bytes = 0; bytes < 200e6; bytes += piece.length) writeSync(file, piece);
  closeSync(file);
  const said: string[] = [];
  const corpus = { ...recipe.corpus, sources: [{ kind: "files" as const, path }], maxDocuments: 500 };
  const context = { ...quiet, say: (line: string) => said.push(line) };
  const prepared = await prepare({ ...recipe, corpus }, join(root, "data"), context);
  expect(said[0]).toMatch(/line\.txt: 200 MB of text in one file are read in passages of about 4,000 characters/);
  expect(prepared.report.documents).toBe(500);
  expect(prepared.training.rowCount).toBeGreaterThan(1000);
  prepared.close();
});

it("packs a million tiny documents, and holds some out", { timeout: 600_000 }, async () => {
  const { recipe, root } = tinyRun();
  const path = join(root, "tiny.txt");
  writeFileSync(path, Array.from({ length: 1_000_000 }, (_, i) => `the cat ${i % 10_007}`).join("\n"));
  const corpus = {
    ...recipe.corpus,
    sources: [{ kind: "files" as const, path, unit: "line" as const }],
    minCharacters: 0,
    exactDuplicates: false,
    maxDocuments: null,
  };
  const prepared = await prepare({ ...recipe, corpus }, join(root, "data"), quiet);
  expect(prepared.report.documents).toBe(1_000_000);
  const { training, heldOut } = prepared;
  expect(training.manifest.counts.documents + heldOut.manifest.counts.documents).toBe(1_000_000);
  expect(heldOut.rowCount).toBeGreaterThan(100);
  prepared.close();
});
