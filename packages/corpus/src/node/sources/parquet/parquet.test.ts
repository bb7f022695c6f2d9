import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { collect } from "../../../collect.ts";
import { fileDocuments } from "../files.ts";
import { decompressorOf } from "./compressors.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cramkit-parquet-test-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The texts of one file; a bad record is no reason to stop. */
const texts = async (path: string, field = "text"): Promise<string[]> =>
  (await collect(fileDocuments({ path, field, maxBadShare: 1 }))).map(({ text }) => text);

type Writing = Parameters<typeof parquetWriteBuffer>[0];

const write = (name: string, writing: Writing): string => {
  const path = join(folder, name);
  writeFileSync(path, Buffer.from(parquetWriteBuffer(writing)));
  return path;
};

describe("readParquet", () => {
  it("refuses a column that is not text by its name, and reads one inside of another by its path", async () => {
    const integers = write("integers.parquet", { columnData: [{ name: "text", data: [1, 2], type: "INT32" }] });
    await expect(texts(integers)).rejects.toThrow(
      /footer: expected texts in the column "text", got INT32; choose with/,
    );
    const nested = write("nested.parquet", {
      schema: [
        { name: "root", num_children: 2 },
        { name: "meta", num_children: 1, repetition_type: "OPTIONAL" },
        { name: "text", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "OPTIONAL" },
        { name: "body", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "OPTIONAL" },
      ],
      columnData: [
        { name: "meta", data: [{ text: "inner" }] },
        { name: "body", data: ["outer"] },
      ],
    });
    expect(await texts(nested, "body")).toEqual(["outer"]);
    await expect(texts(nested)).rejects.toThrow(
      /footer: expected a column "text", got: meta.text, body; choose with field/,
    );
    expect(await texts(nested, "meta.text")).toEqual(["inner"]);
    await expect(texts(nested, "meta.body")).rejects.toThrow(/expected a column "meta.body", got: meta.text, body/);
    await expect(texts(nested, "meta")).rejects.toThrow(/expected texts in the column "meta", got nested values/);
  });

  it("reads a column of JSON as the texts that it holds", async () => {
    const path = write("json.parquet", { columnData: [{ name: "text", data: ["a", { b: 1 }], type: "JSON" }] });
    expect(await texts(path)).toEqual(['"a"', '{"b":1}']);
  });

  it("says that data is encrypted, and reads the columns that are not", async () => {
    const path = new URL("../../../../fixtures/encrypted-column.parquet", import.meta.url).pathname;
    await expect(texts(path)).rejects.toThrow(/the Parquet data is encrypted; write it again without encryption/);
    expect(await texts(path, "open")).toEqual(["seen"]);
    const sealed = join(folder, "sealed.parquet");
    writeFileSync(sealed, Buffer.concat([readFileSync(path).subarray(0, -4), Buffer.from("PARE")]));
    await expect(texts(sealed)).rejects.toThrow(/sealed\.parquet, byte \d+: the Parquet data is encrypted/);
  });
});

describe("decompressorOf", () => {
  it("decompresses a bare block of LZ4 that begins like a frame of Hadoop", async () => {
    // 16 literals, of which the first read as "5 bytes follow", and those as a match before the beginning.
    const literals = [65, 66, 0, 0, 0, 5, 0, 255, 255, 1, 2, 3, 4, 5, 6, 7];
    const block = Uint8Array.from([0xf0, 1, ...literals]);
    expect([...(await decompressorOf("LZ4"))(block, literals.length)]).toEqual(literals);
  });

  it("decompresses gzip and brotli, and no more than the page has", async () => {
    const page = Buffer.from("a page ".repeat(100));
    for (const [codec, packed] of [
      ["GZIP", gzipSync(page)],
      ["BROTLI", brotliCompressSync(page)],
    ] as const) {
      const decompress = await decompressorOf(codec);
      expect(decompress(packed, page.length)).toEqual(page);
      expect(() => decompress(packed, page.length - 1)).toThrow(/larger than 699 bytes/);
    }
  });
});
