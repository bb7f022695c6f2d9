import { crc32 } from "node:zlib";
import type { FileMetaData, PageHeader } from "hyparquet";
import { ByteWriter } from "hyparquet-writer";
import { writePageHeader } from "hyparquet-writer/src/datapage.js";
import { writeMetadata } from "hyparquet-writer/src/metadata.js";

/** A page of a file that is put together by hand: what its header claims need not be true. */
export interface HandPage {
  header: PageHeader;
  bytes: Uint8Array;
}

/** Texts one after the other, each after its length. */
const plainTexts = (texts: readonly string[]): Buffer =>
  Buffer.concat(
    texts.flatMap((text) => {
      const bytes = Buffer.from(text);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.length);
      return [length, bytes];
    }),
  );

/** A page of texts, with its checksum. */
export const textPage = (texts: readonly string[], compress = (bytes: Buffer) => bytes): HandPage => {
  const plain = plainTexts(texts);
  const bytes = compress(plain);
  return {
    bytes,
    header: {
      type: "DATA_PAGE",
      uncompressed_page_size: plain.length,
      compressed_page_size: bytes.length,
      crc: crc32(bytes) | 0,
      data_page_header: {
        num_values: texts.length,
        encoding: "PLAIN",
        definition_level_encoding: "RLE",
        repetition_level_encoding: "RLE",
      },
    },
  };
};

/** A Parquet file of one column of texts and one row group, of which each page may come several times. */
export const parquetFile = (
  pages: readonly HandPage[],
  { rows, codec = "UNCOMPRESSED" }: { rows: number; codec?: "UNCOMPRESSED" | "GZIP" },
): Buffer => {
  const writer = new ByteWriter();
  writer.appendUint32(0x31524150);
  for (const { header, bytes } of pages) {
    writePageHeader(writer as never, header);
    writer.appendBytes(bytes);
  }
  const size = BigInt(writer.offset - 4);
  const metadata: FileMetaData = {
    version: 2,
    created_by: "by hand",
    schema: [
      { name: "root", num_children: 1 },
      { name: "text", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "REQUIRED" },
    ],
    num_rows: BigInt(rows),
    metadata_length: 0,
    row_groups: [
      {
        num_rows: BigInt(rows),
        total_byte_size: size,
        columns: [
          {
            file_offset: 4n,
            meta_data: {
              type: "BYTE_ARRAY",
              encodings: ["PLAIN"],
              path_in_schema: ["text"],
              codec,
              num_values: BigInt(rows),
              total_uncompressed_size: size,
              total_compressed_size: size,
              data_page_offset: 4n,
            },
          },
        ],
      },
    ],
  };
  writeMetadata(writer as never, metadata);
  writer.appendUint32(0x31524150);
  return Buffer.from(writer.getBytes());
};
