import { createWriteStream } from "node:fs";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { type AsyncBuffer, type FileMetaData, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { CorpusInputError } from "./bad-input.ts";
import { readBytes, uncompressedName } from "./bytes.ts";
import { type FileRecord, type RecordOptions, recordDocument } from "./format.ts";
import { decodeUtf8 } from "./lines.ts";

/**
 * Reads one text column of a Parquet file, a row group at a time. A damaged row group is as many bad records as it has
 * rows; a damaged footer throws. A compressed file is unpacked to a temporary one, since Parquet is read from its end.
 */
export async function* readParquet(path: string, options: RecordOptions): AsyncGenerator<FileRecord> {
  if (uncompressedName(path) === path) {
    yield* readRowGroups(path, path, options);
    return;
  }
  const folder = await mkdtemp(join(tmpdir(), "cramkit-parquet-"));
  try {
    const unpacked = join(folder, "unpacked.parquet");
    await pipeline(readBytes(path), createWriteStream(unpacked));
    yield* readRowGroups(path, unpacked, options);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const invalidText = Symbol("invalid UTF-8");
const parsers = { stringFromBytes: (bytes: Uint8Array) => bytes && (decodeUtf8(bytes) ?? invalidText) };

async function* readRowGroups(name: string, path: string, options: RecordOptions): AsyncGenerator<FileRecord> {
  const handle = await open(path);
  try {
    const byteLength = (await handle.stat()).size;
    const file: AsyncBuffer = {
      byteLength,
      async slice(start, end = byteLength) {
        const bytes = new Uint8Array(end - start);
        const { bytesRead } = await handle.read(bytes, 0, bytes.length, start);
        if (bytesRead < bytes.length) throw new Error(`${bytes.length} bytes at ${start} reach beyond the file`);
        return bytes.buffer;
      },
    };
    const metadata = await readFooter(name, file);
    const columns = wantedColumns(name, metadata, options);
    let row = 0;
    for (const [group, { num_rows }] of metadata.row_groups.entries()) {
      const rows = Number(num_rows);
      let records: Record<string, unknown>[];
      try {
        const range = { rowStart: row, rowEnd: row + rows };
        records = await parquetReadObjects({ file, metadata, columns, compressors, parsers, ...range });
        if (records.length !== rows) throw new Error(`${records.length} rows instead of ${rows}`);
      } catch (error) {
        const reason = `damaged row group: ${(error as Error).message}`;
        yield { kind: "bad", place: `row group ${group}, rows ${row} to ${row + rows - 1}`, reason, records: rows };
        row += rows;
        continue;
      }
      for (const record of records) {
        const place = `row ${row++}`;
        if (Object.values(record).includes(invalidText)) yield { kind: "bad", place, reason: "invalid UTF-8" };
        else yield recordDocument(record, place, options);
      }
    }
  } finally {
    await handle.close();
  }
}

async function readFooter(name: string, file: AsyncBuffer): Promise<FileMetaData> {
  try {
    return await parquetMetadataAsync(file);
  } catch (cause) {
    throw new CorpusInputError(
      `no readable Parquet footer (${(cause as Error).message}); fetch the file again, or set onBrokenFile to "skip"`,
      {
        file: name,
        place: `byte ${file.byteLength}`,
        cause,
      },
    );
  }
}

/** All columns for `where`, else those of the text and the identity. */
function wantedColumns(name: string, metadata: FileMetaData, { field, idField, where }: RecordOptions) {
  const [root, ...elements] = metadata.schema;
  const names = elements.map((element) => element.name);
  if (root === undefined || !names.includes(String(field))) {
    throw new RangeError(`${name}, footer: expected a column "${field}", got: ${names.join(", ")}; choose with field`);
  }
  return where ? undefined : names.filter((column) => column === field || column === idField);
}
