import * as zlib from "node:zlib";
import { fault } from "@cramkit/errors";
import type { AsyncBuffer, Compressors, FileMetaData } from "hyparquet";
import { parquetHeader } from "hyparquet/src/column.js";

/** Pages of GLUE unpack to about 1 MB; a larger one comes from damage, or wants the memory to run out. */
const maxPageBytes = 256 << 20;
const maxPageValues = 1 << 22;

/**
 * Walks over the pages of some columns before they are read: a page whose checksum is wrong, or that claims to be larger
 * than there is or than can be, throws.
 */
export const checkPages = async (
  file: AsyncBuffer,
  metadata: FileMetaData,
  columns: readonly string[],
): Promise<void> => {
  for (const group of metadata.row_groups) {
    for (const { meta_data: column } of group.columns) {
      if (!column || !columns.includes(column.path_in_schema[0]!)) continue;
      const { data_page_offset: data, dictionary_page_offset: dictionary } = column;
      const start = Number(dictionary && dictionary < data ? dictionary : data);
      const end = start + Number(column.total_compressed_size);
      if (!(start >= 0 && end >= start && end <= file.byteLength))
        throw fault({ code: "damaged-file", problem: `a column at bytes ${start} to ${end}` });
      const bytes = new Uint8Array(await file.slice(start, end));
      const reader = { view: new DataView(bytes.buffer), offset: 0 };
      while (reader.offset < bytes.length) {
        const header = parquetHeader(reader);
        const size = header.compressed_page_size;
        const values = header.data_page_header?.num_values ?? header.data_page_header_v2?.num_values ?? 0;
        if (!(size >= 0 && reader.offset + size <= bytes.length))
          throw fault({ code: "damaged-file", problem: "a page beyond its column" });
        if (!(header.uncompressed_page_size <= maxPageBytes && values <= maxPageValues))
          throw fault({
            code: "damaged-file",
            problem: `a page of ${header.uncompressed_page_size} bytes and ${values} values`,
          });
        const encoding = header.data_page_header?.encoding ?? header.data_page_header_v2?.encoding ?? "PLAIN";
        if (encoding.startsWith("DELTA"))
          throw fault({
            code: "unsupported",
            problem: `a page in ${encoding}, which no file of GLUE has, and which can keep its reader for ever`,
          });
        const page = bytes.subarray(reader.offset, reader.offset + size);
        if (header.crc !== undefined && crc32(page) !== header.crc >>> 0)
          throw fault({
            code: "damaged-file",
            problem: `the page at byte ${start + reader.offset} does not have its checksum`,
          });
        reader.offset += size;
      }
    }
  }
};

/** Node has this since 20.15; @types/node of 20 does not know it. */
const crc32 = (bytes: Uint8Array): number => (zlib as unknown as { crc32(data: Uint8Array): number }).crc32(bytes);

/** Decompression of pages, loaded when it is needed: one of them starts WebAssembly as it is imported. */
export const loadCompressors = async (): Promise<Compressors> => {
  const { compressors } = await import("hyparquet-compressors");
  const limited =
    (unpack: typeof zlib.gunzipSync | typeof zlib.brotliDecompressSync) => (input: Uint8Array, length: number) =>
      unpack(input, { maxOutputLength: Math.max(1, length) });
  return { ...compressors, GZIP: limited(zlib.gunzipSync), BROTLI: limited(zlib.brotliDecompressSync) };
};
