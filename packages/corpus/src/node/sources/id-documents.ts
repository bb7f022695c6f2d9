import { checkOptions, fault } from "@cramkit/errors";
import { CorpusInputError } from "./bad-input.ts";
import { type DocumentFile, documentFiles, type FileDocumentsOptions } from "./files.ts";
import { formatOf } from "./format.ts";
import { parseJson } from "./json-value.ts";
import { decodeUtf8, isBlank, lineBatches } from "./lines.ts";
import { readParquetColumn } from "./parquet/parquet.ts";
import { textBytes } from "./text-bytes.ts";

export interface IdDocumentsOptions extends Pick<FileDocumentsOptions, "path" | "include" | "exclude"> {
  /**
   * The column, or the field, that holds the ids.
   * @defaultValue `"input_ids"`
   */
  field?: string;
  /** Ids are whole numbers below it. */
  limit: number;
}

/** Token ids that were made elsewhere: those of one record. */
export interface IdDocument {
  ids: Uint32Array;
  /** The file. */
  source: string;
  /** The place in it, such as `row 7`. */
  id: string;
}

/**
 * Documents that are token ids already, as `.parquet` with a list of integers or `.jsonl` (also `.gz`, `.zst`), in the order of
 * their files. Pages of Parquet are not checked against their checksums here.
 *
 * @throws CorpusInputError at the first record that is not a list of ids, or holds an id from `limit` on
 */
export async function* idDocuments(options: IdDocumentsOptions): AsyncGenerator<IdDocument> {
  checkOptions("idDocuments", options, {
    path: true,
    include: true,
    exclude: true,
    field: true,
    limit: true,
  });
  const { path, include, exclude, field = "input_ids", limit } = options;
  for (const file of await documentFiles({ path, include, exclude })) {
    for await (const { value, place } of recordsOf(file, field)) {
      const fail = (got: string, remedy: string, option?: string): never => {
        throw new CorpusInputError(`expected ids below ${limit} in "${field}", got ${got}`, {
          file: file.path,
          at: place,
          code: "invalid-input",
          remedy,
          details: option === undefined ? undefined : { option },
        });
      };
      const isList = Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
      if (!isList)
        fail(value === undefined ? "no such field" : JSON.stringify(value)?.slice(0, 40), "choose with field", "field");
      const ids = Uint32Array.from(value as ArrayLike<number>, (item) => {
        const id = Number(item); // integers of 64 bits are bigint
        if (Number.isInteger(id) && id >= 0 && id < limit) return id;
        return fail(String(item), "name the tokenizer.json that made them with tokenizer.from");
      });
      yield { ids, source: file.name, id: place };
    }
  }
}

async function* recordsOf({ path }: DocumentFile, field: string): AsyncGenerator<{ value: unknown; place: string }> {
  const format = formatOf(path);
  if (format === "parquet") yield* readParquetColumn(path, field);
  else if (format === "jsonl") {
    let number = 0;
    for await (const lines of lineBatches(textBytes(path))) {
      for (const line of lines) {
        const place = `line ${++number}`;
        if (line !== undefined && isBlank(line)) continue;
        const text = line === undefined ? undefined : decodeUtf8(line);
        let record: unknown;
        try {
          record = text === undefined ? undefined : parseJson(text);
        } catch (cause) {
          throw new CorpusInputError("expected a record in JSON", {
            file: path,
            at: place,
            remedy: "fetch the file again",
            cause,
          });
        }
        yield { value: (record as Record<string, unknown> | null | undefined)?.[field], place };
      }
    }
  } else
    throw fault({
      code: "unsupported",
      place: "idDocuments",
      problem: `expected .parquet or .jsonl with ids, got ${path}`,
      remedy: "convert it",
      type: RangeError,
    });
}
