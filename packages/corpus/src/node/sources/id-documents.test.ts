import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { parquetWriteFile } from "hyparquet-writer/src/node.js";
import { expect, it } from "vitest";
import { type IdDocumentsOptions, idDocuments } from "./id-documents.ts";

const rows = Array.from({ length: 50 }, (_, row) => Array.from({ length: 8 }, (_, i) => (row * 7 + i) % 100));

const folder = () => mkdtempSync(join(tmpdir(), "ids-"));

const readAll = async (options: Omit<IdDocumentsOptions, "limit">, limit = 100) => {
  const found = [];
  for await (const { ids, source, id } of idDocuments({ limit, ...options })) found.push({ ids: [...ids], source, id });
  return found;
};

const writeParquet = (path: string, data: number[][], name = "input_ids") =>
  parquetWriteFile({
    filename: path,
    columnData: [{ name, data: data.map((ids) => ids.map(BigInt)) }],
    rowGroupSize: 20,
    schema: [
      { name: "root", num_children: 1 },
      { name, converted_type: "LIST", repetition_type: "OPTIONAL", num_children: 1 },
      { name: "list", repetition_type: "REPEATED", num_children: 1 },
      { name: "element", type: "INT64", repetition_type: "OPTIONAL" },
    ],
  } as never);

it("reads lists of ids of Parquet and of JSON lines, in the order of the files", async () => {
  const path = folder();
  await writeParquet(join(path, "a.parquet"), rows);
  writeFileSync(join(path, "b.jsonl.gz"), gzipSync(rows.map((ids) => JSON.stringify({ input_ids: ids })).join("\n")));
  const found = await readAll({ path });
  expect(found.map(({ ids }) => ids)).toEqual([...rows, ...rows]);
  expect(found[49]).toMatchObject({ source: "a.parquet", id: "row 49" });
  expect(found[50]).toMatchObject({ source: "b.jsonl.gz", id: "line 1" });
});

it("refuses ids above the vocabulary, what is none, and another column, with the place", async () => {
  const path = folder();
  await writeParquet(join(path, "a.parquet"), rows);
  await expect(readAll({ path }, 99)).rejects.toThrow(
    /a\.parquet, row 14: expected ids below 99 in "input_ids", got 99; name the tokenizer\.json/,
  );
  await expect(readAll({ path, field: "tokens" })).rejects.toThrow(
    /expected a column "tokens", got: input_ids; choose/,
  );
  const lines = folder();
  writeFileSync(join(lines, "a.jsonl"), '{"input_ids":[1,2]}\n{"input_ids":[1,-2]}\n');
  await expect(readAll({ path: lines })).rejects.toThrow(/a\.jsonl, line 2: expected ids below 100 .*, got -2/);
  writeFileSync(join(lines, "a.jsonl"), '{"ids":[1,2]}\n');
  await expect(readAll({ path: lines })).rejects.toThrow(/a\.jsonl, line 1: .* got no such field; choose with field/);
  writeFileSync(join(lines, "a.txt"), "1 2 3");
  await expect(readAll({ path: join(lines, "a.txt") })).rejects.toThrow(/expected \.parquet or \.jsonl with ids/);
});
