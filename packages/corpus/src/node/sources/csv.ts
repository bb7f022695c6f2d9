import { fault, shown } from "@cramkit/errors";
import { invalidUtf8 } from "./encoding.ts";
import { type FileRecord, type RecordOptions, recordDocument } from "./format.ts";
import { decodeUtf8 } from "./lines.ts";
import { type Dialect, type Row, separatedRows, type Wanted } from "./separated-rows.ts";
import { textBytes } from "./text-bytes.ts";
import { wrongColumn } from "./wrong-column.ts";

/** Reads one column of comma-separated values. */
export const readCsv = (path: string, options: RecordOptions): AsyncIterable<FileRecord> =>
  readSeparated(path, { delimiter: ",", quote: '"' }, options);

/** Reads one column of tab-separated values; quotes are ordinary characters there unless told otherwise. */
export const readTsv = (path: string, options: RecordOptions): AsyncIterable<FileRecord> =>
  readSeparated(path, { delimiter: "\t", quote: false }, options);

/** More are a sign of another delimiter, or of another kind of file. */
const maxColumns = 1 << 16;

async function* readSeparated(
  path: string,
  usual: Pick<Dialect, "delimiter" | "quote">,
  options: RecordOptions,
): AsyncGenerator<FileRecord> {
  const dialect = dialectOf(usual, options);
  const hasHeader = typeof options.field === "string";
  let header: string[] | undefined;
  const wanted: Wanted = { keeps: (field) => field < maxColumns, columns: Number.POSITIVE_INFINITY };
  const isFieldWanted = (name: string | number | undefined) =>
    options.whole || options.where !== undefined || name === options.field || name === options.idField;
  if (!hasHeader) wanted.keeps = (field) => field < maxColumns && isFieldWanted(field);
  for await (const row of separatedRows(withLineFeeds(textBytes(path, options)), path, dialect, wanted)) {
    const place = `line ${row.line}`;
    if (wanted.columns === Number.POSITIVE_INFINITY && row.bad === undefined) {
      wanted.columns = row.count;
      if (row.count > maxColumns) {
        throw wrongColumn(`${path}, ${place}`, `expected at most ${maxColumns} columns, got ${row.count}`, {
          option: "delimiter",
          remedy: "set delimiter to what separates them",
        });
      }
      if (hasHeader) {
        header = headerOf(path, row, options, dialect, isFieldWanted);
        const keeps = header.map(isFieldWanted);
        wanted.keeps = (field) => keeps[field] === true;
        continue;
      }
    }
    if (row.bad !== undefined) yield { kind: "bad", place, reason: row.bad };
    else if (row.hasExtraText) {
      yield {
        kind: "bad",
        place,
        reason: `${row.count} fields in a table of ${wanted.columns} columns: a ${shown(dialect.delimiter)} in a text has to be quoted, or is not the delimiter`,
        remedy: "set quote, escape or delimiter",
        option: ["quote", "escape", "delimiter"],
      };
    } else yield fieldDocument(row, header, place, options);
  }
}

const dialectOf = (usual: Pick<Dialect, "delimiter" | "quote">, options: RecordOptions): Dialect => {
  const { delimiter = usual.delimiter, quote = usual.quote } = options;
  const escapeSign = options.escape ?? (quote === false ? "" : quote);
  for (const [name, sign] of Object.entries({ delimiter, quote, escape: escapeSign })) {
    if (sign === false || (name === "escape" && quote === false)) continue;
    if (!/^[^\n\r\u{80}-\u{10ffff}]$/u.test(sign)) {
      const got = JSON.stringify(sign);
      throw fault({
        code: "invalid-argument",
        place: "fileDocuments",
        problem: `expected ${name} to be one ASCII character and no line end, got ${got}`,
        type: RangeError,
      });
    }
  }
  if (quote === delimiter) {
    throw fault({
      code: "invalid-argument",
      place: "fileDocuments",
      problem: `expected quote and delimiter to differ, got ${JSON.stringify(quote)} for both`,
      type: RangeError,
    });
  }
  return { delimiter, quote, escape: escapeSign };
};

const headerOf = (
  path: string,
  { fields, line }: Row,
  options: RecordOptions,
  { delimiter }: Dialect,
  isWanted: (name: string) => boolean,
): string[] => {
  const header = [...fields.values()].map((name) => decodeUtf8(name) ?? name.toString("latin1"));
  const twice = header.find((name, at) => name !== "" && isWanted(name) && header.indexOf(name) < at);
  if (twice !== undefined) {
    const columns = header.flatMap((name, at) => (name === twice ? [at + 1] : []));
    throw wrongColumn(`${path}, line ${line}`, `expected one column "${twice}", got columns ${columns.join(" and ")}`, {
      remedy: "give one of them another name",
    });
  }
  if (options.whole || header.includes(options.field as string)) return header;
  const shown = header.slice(0, 20).map((name) => JSON.stringify(name.slice(0, 100)));
  const more = header.length > shown.length ? ` and ${header.length - shown.length} more` : "";
  // A name that holds all names was written with another sign between them.
  const others = [",", ";", "\t", "|"].filter((sign) => sign !== delimiter);
  const other =
    others.find((sign) => header.some((name) => name.split(sign).includes(options.field as string))) ??
    (header.length === 1 ? others.find((sign) => header[0]!.includes(sign)) : undefined);
  throw wrongColumn(
    `${path}, line ${line}`,
    `expected a column "${options.field}", got: ${shown.join(", ")}${more}`,
    other === undefined ? undefined : { option: "delimiter", remedy: `set delimiter to ${JSON.stringify(other)}` },
  );
};

const fieldDocument = (row: Row, header: string[] | undefined, place: string, options: RecordOptions): FileRecord => {
  const fields: Record<string, unknown> = Object.create(null);
  for (const [index, bytes] of row.fields) {
    const name = header ? header[index] : index;
    if (name === undefined) continue;
    const text = decodeUtf8(bytes);
    if (text === undefined) return { kind: "bad", place, ...invalidUtf8(bytes, ` in the column "${name}"`) };
    fields[name] = text;
  }
  return recordDocument(fields, place, options);
};

/** Makes line feeds of the returns of a file whose first line ends in a return alone, as spreadsheets wrote them. */
async function* withLineFeeds(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let replaces: boolean | undefined;
  for await (const chunk of chunks) {
    replaces ??= /^[^\r\n]*\r[^\n]/.test(chunk.toString("latin1"));
    if (replaces) for (let at = chunk.indexOf(13); at >= 0; at = chunk.indexOf(13, at + 1)) chunk[at] = 10;
    yield chunk;
  }
}
