import { createWriteStream } from "node:fs";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
} from "hyparquet";
import { CorpusInputError } from "./bad-input.ts";
import { readBytes, uncompressedName } from "./bytes.ts";
import { type FileRecord, type RecordOptions, recordDocument } from "./format.ts";
import { decodeUtf8 } from "./lines.ts";
import { compressors } from "./parquet-compressors.ts";

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
const stringFromBytes = (bytes: Uint8Array) => bytes && (decodeUtf8(bytes) ?? invalidText);
/** JSON columns are read as the texts that they are. */
const parsers = { stringFromBytes, jsonFromBytes: stringFromBytes };

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
    if (isEncrypted(metadata, columns)) throw encrypted(name, byteLength);
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
  const { byteLength } = file;
  const magic = Buffer.from(await file.slice(Math.max(0, byteLength - 4), byteLength)).toString("latin1");
  if (magic === "PARE") throw encrypted(name, byteLength);
  try {
    return await parquetMetadataAsync(file);
  } catch (cause) {
    throw new CorpusInputError(
      `no readable Parquet footer (${(cause as Error).message}); fetch the file again, or set onBrokenFile to "skip"`,
      {
        file: name,
        place: `byte ${byteLength}`,
        cause,
      },
    );
  }
}

/** All columns for `where`, else those of the text and the identity. */
function wantedColumns(name: string, metadata: FileMetaData, { field, idField, where }: RecordOptions) {
  const all = parquetSchema(metadata).children;
  const names = all.map(({ element }) => element.name);
  const text = all[names.indexOf(String(field))];
  if (text === undefined) {
    throw new RangeError(`${name}, footer: expected a column "${field}", got: ${names.join(", ")}; choose with field`);
  }
  const type = text.element.type ?? "nested values";
  if (!type.endsWith("BYTE_ARRAY")) {
    throw new RangeError(`${name}, footer: expected texts in the column "${field}", got ${type}; choose with field`);
  }
  return where ? undefined : names.filter((column) => column === field || column === idField);
}

function isEncrypted({ row_groups }: FileMetaData, wanted: string[] | undefined): boolean {
  return row_groups.some(({ columns }) =>
    columns.some(({ crypto_metadata, meta_data }) => {
      const name = meta_data?.path_in_schema[0];
      return crypto_metadata && (!name || !wanted || wanted.includes(name));
    }),
  );
}

function encrypted(file: string, byteLength: number): CorpusInputError {
  const reason = 'the Parquet data is encrypted; write it again without encryption, or set onBrokenFile to "skip"';
  return new CorpusInputError(reason, { file, place: `byte ${byteLength}` });
}
