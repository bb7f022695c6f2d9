import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { explain, hasCode } from "@cramkit/errors";
import { expect, it } from "vitest";
import { collect } from "../../collect.ts";
import { CorpusInputError } from "./bad-input.ts";
import { fileDocuments } from "./files.ts";

const folder = mkdtempSync(join(tmpdir(), "cramkit-bad-input-"));

it.each([
  ["cut.json", '{"text": "a', "damaged-file", "record 1, byte 11", "fetch the file again"],
  ["cut.txt.gz", Buffer.from("1f8b0800", "hex"), "damaged-file", "at or before byte 4", "fetch the file again"],
  ["utf16.txt", Buffer.from("\ufefftext", "utf16le"), "unsupported", "byte 0", "convert the file"],
  ["quote.csv", 'text\n"b\nc\n', "invalid-input", "line 2", "set quote to false"],
  ["bad.jsonl", '{"text": 1}\n', "invalid-input", "line 1", "repair the input"],
] as const)("gives the error over %s a code, a place and a remedy", async (name, data, code, at, remedy) => {
  const path = join(folder, name);
  writeFileSync(path, data);
  const error = await collect(fileDocuments({ path })).catch((error) => error);
  expect(error).toBeInstanceOf(CorpusInputError);
  expect(hasCode(error, code)).toBe(true);
  expect(explain(error)).toMatchObject({ code, place: `${path}, ${at}`, remedy: expect.stringContaining(remedy) });
  expect(error.message).toBe(`${error.place}: ${error.problem}; ${error.remedy}`);
});
