import { checkOptions } from "@cramkit/errors";
import { CorpusInputError } from "./bad-input.ts";
import { documentFiles, type FileDocumentsOptions, recordsOf } from "./files.ts";

/** A record with all of its fields, and where it is. */
export interface FileRow {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly file: string;
  /** `line 12`, of Parquet `row 11`. */
  readonly place: string;
}

export type FileRowsOptions = Pick<
  FileDocumentsOptions,
  "path" | "include" | "exclude" | "format" | "delimiter" | "quote" | "escape" | "encoding"
>;

/**
 * The records of JSON, JSON-lines, CSV, TSV and Parquet files with all of their fields, each also as `.gz` or `.zst`. A record
 * that cannot be read throws.
 */
export async function* fileRows(options: FileRowsOptions): AsyncGenerator<FileRow> {
  checkOptions("fileRows", options, {
    path: true,
    include: true,
    exclude: true,
    format: true,
    delimiter: true,
    quote: true,
    escape: true,
    encoding: true,
  });
  const { path: from, include, exclude, format } = options;
  for (const { path } of await documentFiles({ path: from, include, exclude, format }))
    yield* rowsOfFile(path, options);
}

/** The records of one file. */
export async function* rowsOfFile(path: string, options: Omit<FileRowsOptions, "path">): AsyncGenerator<FileRow> {
  for await (const record of recordsOf(path, { ...options, whole: true })) {
    if (record.kind === "row") yield { fields: record.fields, file: path, place: record.place };
    else if (record.kind === "bad")
      throw new CorpusInputError(record.reason, {
        file: path,
        at: record.place,
        code: "invalid-input",
        remedy: record.remedy === undefined ? "repair the input" : `${record.remedy} or repair the input`,
        details: record.option === undefined ? undefined : { option: record.option },
      });
  }
}
