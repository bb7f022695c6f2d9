import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { takeDocuments } from "../../select.ts";
import { fileDocuments } from "./files.ts";

const data = join(process.env.CRAMKIT_SHARED ?? "../shared", "data");

it.skipIf(!existsSync(data))("reads the articles and books, compressed by real compressors", async () => {
  const source = fileDocuments({ path: join(data, "text"), include: ["**/*00*.zst", "**/*00*.gz"], maxBadShare: 0 });
  let replaced = 0;
  for await (const { text } of source) if (text.includes("\ufffd")) replaced++;
  expect(source.report()).toMatchObject({ files: 2, badRecords: 0, brokenFiles: 0 });
  expect(source.report().characters).toBeGreaterThan(3e7);
  expect(replaced).toBe(0);
});

it.skipIf(!existsSync(data))("reads the columns of tab-separated tasks", async () => {
  const texts: string[] = [];
  const cola = fileDocuments({ path: join(data, "glue"), include: "**/CoLA/dev.tsv", field: 3 });
  for await (const { text } of takeDocuments(cola, { documents: 3 })) texts.push(text);
  expect(texts).toHaveLength(3);
  expect(texts.every((text) => /^[A-Z].*[.!?]$/.test(text))).toBe(true);
});
