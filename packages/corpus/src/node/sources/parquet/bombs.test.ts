import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { collect } from "../../../collect.ts";
import { type HandPage, parquetFile, textPage } from "../../../testing/parquet-file.testing.ts";
import { fileDocuments } from "../files.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cramkit-bombs-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The texts of a file put together by hand, and why the others could not be read. */
const read = async (file: Buffer) => {
  const path = join(folder, "hand.parquet");
  writeFileSync(path, file);
  const source = fileDocuments({ path, maxBadShare: 1 });
  const texts = (await collect(source)).map(({ text }) => text);
  return { texts, bad: source.report().badRecords, reason: source.report().examples[0]?.reason };
};

const page = textPage(["one", "two"]);
const claiming = (changes: Partial<HandPage["header"]>, bytes = page.bytes): HandPage => ({
  bytes,
  header: { ...page.header, compressed_page_size: bytes.length, crc: undefined, ...changes },
});

describe("sizes that a Parquet file claims", () => {
  it("are checked before there is room for them", async () => {
    const v1 = page.header.data_page_header!;
    for (const [pages, reason] of [
      [[claiming({ compressed_page_size: 2 ** 30 })], /a page of 1073741824 bytes, more than 536870912/],
      [[claiming({ compressed_page_size: 2 ** 28 })], /a page at byte 4 that reaches beyond its column/],
      [[claiming({ uncompressed_page_size: 2 ** 30 })], /a page of 1073741824 bytes, more than/],
      [[claiming({ uncompressed_page_size: -1 })], /-1 bytes in a page/],
      [
        [claiming({ data_page_header: { ...v1, num_values: 2 ** 30 } })],
        /a page of 1073741824 values, more than 4194304/,
      ],
      [[claiming({ data_page_header: { ...v1, num_values: 3 } })], /a page of 3 values, 2 are left/],
      [[claiming({ data_page_header: { ...v1, encoding: "RLE_DICTIONARY" } })], /a page without its dictionary/],
    ] as const) {
      const found = await read(parquetFile(pages, { rows: 2 }));
      expect(found).toMatchObject({ texts: [], bad: 2 });
      expect(found.reason).toMatch(reason);
    }
  });

  it("hold for what a page unpacks to", async () => {
    const packed = gzipSync(Buffer.alloc(1 << 20));
    const found = await read(
      parquetFile([claiming({ uncompressed_page_size: 1000 }, packed)], { rows: 2, codec: "GZIP" }),
    );
    expect(found.reason).toMatch(/larger than 1000 bytes/);
    const short = await read(
      parquetFile([claiming({ uncompressed_page_size: 2 << 20 }, packed)], { rows: 2, codec: "GZIP" }),
    );
    expect(short.reason).toMatch(/a page of 1048576 bytes instead of 2097152/);
  });

  it("lose no rows before a damaged page, and count those behind it", async () => {
    const damaged = { ...page, header: { ...page.header, crc: 1 } };
    expect(await read(parquetFile([page, damaged, page], { rows: 6 }))).toMatchObject({
      texts: ["one", "two"],
      bad: 4,
      reason: expect.stringMatching(/damaged row group: the page at byte \d+ does not have its checksum/),
    });
    expect(await read(parquetFile([page], { rows: 1_000_000 }))).toMatchObject({ texts: ["one", "two"], bad: 999_998 });
  });

  it("make a footer that cannot be right one clear error", async () => {
    const file = parquetFile([page], { rows: 2 });
    const footer = file.readUInt32LE(file.length - 8);
    const withFooter = (bytes: Buffer) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.length);
      return Buffer.concat([file.subarray(0, -footer - 8), bytes, length, Buffer.from("PAR1")]);
    };
    const list = (size: number[]) => Buffer.from([0x15, 4, 0x19, 0xfc, ...size]);
    for (const bytes of [
      list([0xff, 0xff, 0xff, 0xff, 0x07]), // a schema of 2^31 elements
      list([0xff, 0xff, 0x3f]), // one of a million, of which there is none
      Buffer.alloc(100_000, 0x1c), // structs inside of structs
      Buffer.from([0]),
    ]) {
      await expect(read(withFooter(bytes))).rejects.toThrow(/hand\.parquet, byte \d+: no readable Parquet footer/);
    }
    const lying = Buffer.from(file);
    lying.writeUInt32LE(0xfffffff0, lying.length - 8);
    await expect(read(lying)).rejects.toThrow(/no readable Parquet footer \(a length of 4294967280 bytes in a file of/);
  });
});
