import { pipeline, Readable } from "node:stream";
import { type CsvError, parse } from "csv-parse";
import { type FileRecord, type RecordOptions, recordDocument } from "./format.ts";
import { decodeUtf8, maxRecordBytes } from "./lines.ts";
import { textBytes } from "./text-bytes.ts";

/** Reads one column of comma-separated values. */
export function readCsv(path: string, options: RecordOptions): AsyncIterable<FileRecord> {
  return readSeparated(path, ",", options.quote ?? '"', options);
}

/** Reads one column of tab-separated values; quotes are ordinary characters there unless told otherwise. */
export function readTsv(path: string, options: RecordOptions): AsyncIterable<FileRecord> {
  return readSeparated(path, "\t", options.quote ?? false, options);
}

async function* readSeparated(
  path: string,
  delimiter: string,
  quote: string | false,
  options: RecordOptions,
): AsyncGenerator<FileRecord> {
  let skipped: FileRecord[] = [];
  // Bytes go through the parser as Latin-1, one character a byte, so that invalid UTF-8 is seen and not replaced.
  const parser = parse({
    delimiter,
    quote,
    encoding: "latin1",
    record_delimiter: ["\r\n", "\n"], // both in one file, where parts of it come from different systems
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    max_record_size: maxRecordBytes,
    info: true,
    on_skip: (error?: CsvError) => {
      const reason = `${error?.message ?? "malformed record"} (set quote to false where quotes are ordinary characters)`;
      skipped.push({ kind: "bad", place: `line ${error?.lines ?? "?"}`, reason });
      return undefined;
    },
  });
  // Errors of the file arrive at the iteration, and leaving that early closes the file.
  pipeline(Readable.from(withLineFeeds(textBytes(path))), parser, () => {});
  let header: string[] | undefined;
  for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
    if (skipped.length > 0) {
      yield* skipped;
      skipped = [];
    }
    if (typeof options.field === "string" && header === undefined) {
      header = record.map((name) => decodeUtf8(Buffer.from(name, "latin1")) ?? name);
      if (!header.includes(options.field)) {
        const columns = header.map((name) => JSON.stringify(name)).join(", ");
        throw new RangeError(
          `${path}, line 1: expected a column "${options.field}", got: ${columns}; choose with field`,
        );
      }
      continue;
    }
    yield fieldDocument(record, header, `line ${info.lines}`, options);
  }
  yield* skipped;
}

function fieldDocument(
  record: string[],
  header: string[] | undefined,
  place: string,
  options: RecordOptions,
): FileRecord {
  const fields: Record<string, unknown> = {};
  for (const [index, raw] of record.entries()) {
    const name = header ? header[index] : index;
    if (name === undefined) continue;
    if (!options.where && name !== options.field && name !== options.idField) continue;
    const text = decodeUtf8(Buffer.from(raw, "latin1"));
    if (text === undefined) return { kind: "bad", place, reason: `invalid UTF-8 in the column "${name}"` };
    fields[name] = text;
  }
  return recordDocument(fields, place, options);
}

/** Makes line feeds of the returns of a file whose first line ends in a return alone, as spreadsheets wrote them. */
async function* withLineFeeds(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let replaces: boolean | undefined;
  for await (const chunk of chunks) {
    replaces ??= /^[^\r\n]*\r[^\n]/.test(chunk.toString("latin1"));
    if (replaces) for (let at = chunk.indexOf(13); at >= 0; at = chunk.indexOf(13, at + 1)) chunk[at] = 10;
    yield chunk;
  }
}
