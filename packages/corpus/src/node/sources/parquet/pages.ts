import { crc32 } from "node:zlib";
import type { AsyncBuffer, ColumnMetaData, PageHeader } from "hyparquet";
import { parquetHeader } from "hyparquet/src/column.js";
import { checkCount } from "./footer.ts";
import { ThriftCut, thriftEnd } from "./thrift-bounds.ts";

/** The header of a page, and its bytes as they lie in the file. */
export interface Page {
  header: PageHeader;
  bytes: Uint8Array;
}

const headerBytes = 1 << 16;
const maxHeaderBytes = 32 << 20;
/** A page is the least that can be read: a longer one would fill the memory. Writers close a page at about 1 MB. */
const maxPageBytes = 512 << 20;

/**
 * The pages of one column in one row group, one in memory at a time. A page whose checksum is wrong, that reaches
 * beyond its column or claims to be longer than `maxPageBytes` throws.
 */
export async function* readPages(file: AsyncBuffer, column: ColumnMetaData): AsyncGenerator<Page> {
  const { data_page_offset, dictionary_page_offset, total_compressed_size } = column;
  const first = checkCount(data_page_offset, "as the place of a page");
  const dictionary = checkCount(dictionary_page_offset ?? 0, "as the place of a dictionary");
  const start = dictionary > 0 ? Math.min(first, dictionary) : first;
  const end = start + checkCount(total_compressed_size, "bytes in a column");
  if (end > file.byteLength) throw new Error(`a column up to byte ${end} in a file of ${file.byteLength}`);
  for (let at = start; at < end; ) {
    const { header, length, window } = await readHeader(file, at, end);
    const size = checkCount(header.compressed_page_size, "bytes in a page");
    const unpacked = checkCount(header.uncompressed_page_size, "bytes in a page");
    if (Math.max(size, unpacked) > maxPageBytes) {
      throw new Error(`a page of ${Math.max(size, unpacked)} bytes, more than ${maxPageBytes}; write smaller pages`);
    }
    if (at + length + size > end) throw new Error(`a page at byte ${at} that reaches beyond its column`);
    const bytes =
      length + size <= window.length
        ? window.subarray(length, length + size)
        : new Uint8Array(await file.slice(at + length, at + length + size));
    if (header.crc !== undefined && crc32(bytes) !== header.crc >>> 0) {
      throw new Error(`the page at byte ${at} does not have its checksum`);
    }
    yield { header, bytes };
    at += length + size;
  }
}

/** A header of unknown length: most are short, but statistics may hold two long texts. */
const readHeader = async (file: AsyncBuffer, at: number, end: number) => {
  for (let size = headerBytes; ; size *= 8) {
    const window = new Uint8Array(await file.slice(at, Math.min(end, at + size)));
    try {
      const length = thriftEnd(window, 0);
      const view = new DataView(window.buffer, 0, length);
      return { header: parquetHeader({ view, offset: 0 }), length, window };
    } catch (error) {
      if (!(error instanceof ThriftCut) || at + size >= end || size >= maxHeaderBytes) throw error;
    }
  }
};
