import { createWriteStream } from "node:fs";
import { open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createTemporaryFolder } from "@cramkit/files";
import { type AsyncBuffer, type FileMetaData, parquetReadObjects, type RowGroup, type SchemaTree } from "hyparquet";
import { readBytes, uncompressedName } from "../bytes.ts";
import { type FileRecord, fieldOf, type RecordOptions, recordDocument } from "../format.ts";
import { decodeUtf8 } from "../lines.ts";
import { wrongColumn } from "../wrong-column.ts";
import { type Cell, readColumn } from "./column.ts";
import { decompressorOf } from "./compressors.ts";
import { encrypted, type Footer, readFooter } from "./footer.ts";
import { isValueType } from "./values.ts";

/**
 * Reads one text column of a Parquet file, a page at a time, each checked against its checksum if it has one. From a
 * damaged page on, the rows of a row group are bad records; a damaged footer throws. A compressed file is unpacked to a
 * temporary one, since Parquet is read from its end.
 */
export async function* readParquet(path: string, options: RecordOptions): AsyncGenerator<FileRecord> {
  yield* withParquet(path, (file) => readRowGroups(path, file, options));
}

/** One column of any kind, a row group at a time, without a look at the checksums of its pages. */
export async function* readParquetColumn(
  path: string,
  column: string,
): AsyncGenerator<{ value: unknown; place: string }> {
  yield* withParquet(path, async function* (file) {
    const { metadata, schema } = await readFooter(path, file);
    const names = schema.children.map(({ element }) => element.name);
    if (!names.includes(column)) {
      throw wrongColumn(`${path}, footer`, `expected a column "${column}", got: ${names.join(", ")}`);
    }
    if (isEncrypted(metadata, [column])) throw encrypted(path, file.byteLength);
    let row = 0;
    for (const group of metadata.row_groups) {
      const records = await wholeColumns(file, metadata, row, Number(group.num_rows), [column]);
      for (const record of records) yield { value: record[column], place: `row ${row++}` };
    }
  });
}

/** Opens a file for random access, unpacked if it is compressed as a whole. */
async function* withParquet<T>(path: string, read: (file: AsyncBuffer) => AsyncGenerator<T>): AsyncGenerator<T> {
  const isPacked = uncompressedName(path) !== path;
  const folder = isPacked ? await createTemporaryFolder(tmpdir(), "cramkit-parquet") : undefined;
  try {
    const plain = folder ? join(folder, "unpacked.parquet") : path;
    if (folder) await pipeline(readBytes(path), createWriteStream(plain));
    const handle = await open(plain);
    try {
      const byteLength = (await handle.stat()).size;
      yield* read({
        byteLength,
        async slice(start, end = byteLength) {
          if (!(start >= 0 && end <= byteLength && end >= start)) {
            throw new Error(`bytes ${start} to ${end} of a file of ${byteLength}`);
          }
          const bytes = new Uint8Array(end - start);
          const { bytesRead } = await handle.read(bytes, 0, bytes.length, start);
          if (bytesRead < bytes.length) throw new Error(`${bytes.length} bytes at ${start} reach beyond the file`);
          return bytes.buffer;
        },
      });
    } finally {
      await handle.close();
    }
  } finally {
    if (folder) await rm(folder, { recursive: true, force: true });
  }
}

const invalidText = Symbol("invalid UTF-8");

async function* readRowGroups(name: string, file: AsyncBuffer, options: RecordOptions): AsyncGenerator<FileRecord> {
  const footer = await readFooter(name, file);
  const columns = wantedColumns(name, footer.schema, options);
  if (isEncrypted(footer.metadata, columns)) throw encrypted(name, file.byteLength);
  let row = 0;
  for (const [group, rowGroup] of footer.metadata.row_groups.entries()) {
    const end = row + Number(rowGroup.num_rows);
    const records = recordsOf(file, footer, rowGroup, row, columns);
    try {
      for (;;) {
        let next: Awaited<ReturnType<typeof records.next>>;
        try {
          next = await records.next();
          if (next.done && row < end) throw new Error(`${end - row} rows less than it announces`);
        } catch (error) {
          const reason = `damaged row group: ${(error as Error).message}`;
          const place = `row group ${group}, rows ${row} to ${end - 1}`;
          if (row < end) yield { kind: "bad", place, reason, records: end - row };
          row = end;
          break;
        }
        if (next.done || row === end) break; // what follows the rows that a group announces belongs to none
        const place = `row ${row++}`;
        const record = next.value;
        const isInvalid = Object.values(record).includes(invalidText) || fieldOf(record, options.field) === invalidText;
        if (isInvalid) yield { kind: "bad", place, reason: "invalid UTF-8" };
        else yield recordDocument(record, place, options);
      }
    } finally {
      await records.return(undefined);
    }
  }
}

/** The records of one row group: page by page if their columns allow it. */
async function* recordsOf(
  file: AsyncBuffer,
  { metadata, schema }: Footer,
  { columns, num_rows }: RowGroup,
  rowStart: number,
  names: string[],
): AsyncGenerator<Record<string, unknown>> {
  const leaves = schema.children.filter(({ element }) => names.includes(element.name));
  const streamed = leaves.filter(isStreamed);
  const whole = leaves.filter((leaf) => !streamed.includes(leaf)).map(({ element }) => element.name);
  const rest = whole.length > 0 ? await wholeColumns(file, metadata, rowStart, Number(num_rows), whole) : undefined;
  const cells = streamed.map((leaf) => {
    const chunk = columns.find(({ meta_data }) => meta_data?.path_in_schema.join("\0") === leaf.element.name);
    if (!chunk?.meta_data) throw new Error(`no column "${leaf.element.name}"`);
    if (chunk.file_path) throw new Error(`its column "${leaf.element.name}" is in the file ${chunk.file_path}`);
    return { leaf, values: readColumn(file, chunk.meta_data, [schema, leaf]) };
  });
  try {
    for (let row = 0; ; row++) {
      const record: Record<string, unknown> = { ...rest?.[row] };
      let ended = 0;
      for (const { leaf, values } of cells) {
        const next = await values.next();
        if (next.done) ended++;
        else record[leaf.element.name] = fromCell(next.value, leaf);
      }
      if (ended === cells.length && (rest === undefined || row === rest.length || ended > 0)) return;
      if (ended > 0) throw new Error("columns of different lengths");
      yield record;
    }
  } finally {
    for (const { values } of cells) await values.return(undefined);
  }
}

/** Texts and integers without a calendar, a scale or a nest: what is read page by page. */
const isStreamed = ({ element, children }: SchemaTree): boolean => {
  if (children.length > 0 || !isValueType(element.type) || element.repetition_type === "REPEATED") return false;
  const { converted_type: converted, logical_type: logical } = element;
  if (element.type === "BYTE_ARRAY") {
    return (
      (converted ?? "UTF8").match(/^(?:UTF8|JSON|ENUM)$/) !== null &&
      (logical?.type ?? "STRING").match(/^(?:STRING|JSON|ENUM)$/) !== null
    );
  }
  return converted === undefined && logical === undefined;
};

/** JSON columns are read as the texts that they are. */
const fromCell = (cell: Cell, _: SchemaTree): unknown =>
  cell instanceof Uint8Array ? (decodeUtf8(cell) ?? invalidText) : cell;

/** Columns of other kinds, which only `where` may want: all of the row group at once. */
const wholeColumns = async (
  file: AsyncBuffer,
  metadata: FileMetaData,
  rowStart: number,
  rows: number,
  columns: string[],
) => {
  const codecs = new Set(
    metadata.row_groups.flatMap((group) => group.columns.map(({ meta_data }) => meta_data?.codec)),
  );
  const compressors: Record<string, Awaited<ReturnType<typeof decompressorOf>>> = {};
  for (const codec of codecs) if (codec !== undefined) compressors[codec] = await decompressorOf(codec);
  const stringFromBytes = (bytes: Uint8Array) => bytes && (decodeUtf8(bytes) ?? invalidText);
  const parsers = { stringFromBytes, jsonFromBytes: stringFromBytes };
  const range = { rowStart, rowEnd: rowStart + rows };
  const records = await parquetReadObjects({ file, metadata, columns, compressors, parsers, ...range });
  if (records.length !== rows) throw new Error(`${records.length} rows instead of ${rows}`);
  return records as Record<string, unknown>[];
};

/** All columns for `where`, else those of the text and the identity. */
const wantedColumns = (name: string, schema: SchemaTree, { field, idField, where, whole }: RecordOptions): string[] => {
  const all = schema.children;
  const names = all.map(({ element }) => element.name);
  if (whole) return names;
  const text = all[names.indexOf(String(field))] ?? innerColumn(all, String(field));
  if (text === undefined) {
    throw wrongColumn(`${name}, footer`, `expected a column "${field}", got: ${namesWithInner(all).join(", ")}`);
  }
  const type = text.element.type ?? "nested values";
  if (!type.endsWith("BYTE_ARRAY")) {
    throw wrongColumn(`${name}, footer`, `expected texts in the column "${field}", got ${type}`);
  }
  const isOf = (column: string, path: string | number) =>
    column === path || (!names.includes(String(path)) && String(path).startsWith(`${column}.`));
  return where ? names : names.filter((column) => isOf(column, field) || isOf(column, idField));
};

/** The column inside of others that a name with dots stands for. */
const innerColumn = (columns: readonly SchemaTree[], field: string): SchemaTree | undefined => {
  const [first, ...rest] = field.split(".");
  const column = columns.find(({ element }) => element.name === first);
  return rest.length === 0 || column === undefined ? column : innerColumn(column.children, rest.join("."));
};

/** The names of columns, and of those inside of them that a field may be chosen by. */
const namesWithInner = (columns: readonly SchemaTree[]): string[] =>
  columns.flatMap(({ element, children }) =>
    children.length > 0 && element.converted_type === undefined
      ? children.map((child) => `${element.name}.${child.element.name}`)
      : [element.name],
  );

const isEncrypted = ({ row_groups }: FileMetaData, wanted: string[]): boolean =>
  row_groups.some(({ columns }) =>
    columns.some(({ crypto_metadata, meta_data }) => {
      const name = meta_data?.path_in_schema[0];
      return crypto_metadata && (!name || wanted.includes(name));
    }),
  );
