import type { BadReason } from "../../read-report.ts";
import { uncompressedName } from "./bytes.ts";

export type Format = "txt" | "jsonl" | "json" | "csv" | "tsv" | "parquet" | "wikiextractor";

/** What a reader of one format is given besides the file. */
export interface RecordOptions {
  /**
   * Field or column with the text; a number counts columns from 0 in a file without a header. A field inside of another is
   * written with a dot, such as `document.text`.
   *
   * @defaultValue `"text"`
   */
  field: string | number;
  /**
   * Field or column with the document's name; its place in the file if there is none.
   *
   * @defaultValue `"id"`
   */
  idField: string;
  /**
   * One document a file, a line, a block between blank lines, or a passage of about 4,000 characters (`txt` only).
   *
   * @defaultValue `"file"`
   */
  unit: "file" | "line" | "block" | "passage";
  /**
   * What separates the fields of `csv` and `tsv`: one ASCII character.
   *
   * @defaultValue a comma for `csv`, a tab for `tsv`
   */
  delimiter?: string | undefined;
  /**
   * Quoting character of `csv` and `tsv`; false if quotes are ordinary characters.
   *
   * @defaultValue `"` for `csv`, none for `tsv`
   */
  quote?: string | false | undefined;
  /**
   * What makes a quote inside quotes ordinary; often a backslash.
   *
   * @defaultValue the quote itself, doubled
   */
  escape?: string | undefined;
  /**
   * Encoding of text (all formats but `parquet`), such as "latin1".
   *
   * @defaultValue UTF-8
   */
  encoding?: string | undefined;
  /**
   * Records to read, by their fields (all formats but `txt`).
   *
   * @defaultValue all records
   */
  where?: ((record: Record<string, unknown>) => boolean) | undefined;
  /**
   * Whole records in place of texts: no field has to be there.
   * @defaultValue texts
   */
  whole?: boolean | undefined;
}

/**
 * One record of a file: a document, a whole row, a bad one with its reason (`records` of them if a whole group is lost), or one
 * that `where` turned down.
 */
export type FileRecord =
  | { kind: "document"; text: string; id: string }
  | { kind: "row"; fields: Record<string, unknown>; place: string }
  | (BadReason & {
      kind: "bad";
      place: string;
      /** @defaultValue `1` */
      records?: number;
    })
  | { kind: "unwanted" };

/** Reads the records of one file; a file that is damaged as a whole throws a CorpusInputError. */
export type RecordReader = (path: string, options: RecordOptions) => AsyncIterable<FileRecord>;

const endings: [RegExp, Format][] = [
  [/\.(?:txt|text|md)$/i, "txt"],
  [/\.(?:jsonl|ndjson)$/i, "jsonl"],
  [/\.json$/i, "json"],
  [/\.csv$/i, "csv"],
  [/\.tsv$/i, "tsv"],
  [/\.parquet$/i, "parquet"],
  [/(?:^|[/\\])wiki_\d+$/, "wikiextractor"],
];

/** The format that a name stands for, without the ending of a compression; undefined for an unknown one. */
export const formatOf = (path: string): Format | undefined => {
  const name = uncompressedName(path);
  return endings.find(([ending]) => ending.test(name))?.[1];
};

/** True for the card and the metadata of a dataset of the Hugging Face hub or library, which are not its data. */
export const isDatasetMetadata = (path: string): boolean =>
  /(?:^|\/)(?:README\.md|dataset_infos?\.json|dataset_dict\.json|state\.json|\.[^/]*)$/i.test(path);

/**
 * The files of a folder to read if nobody chose: those of a known format, or all if `format` says what they are.
 * Names that begin with a dot, of files and of folders, are left out: what tools keep for themselves. Beside records, and
 * beside tables of the datasets library, a dataset's card and metadata are left out too.
 */
export const dataFiles = (names: string[], format: Format | undefined): string[] => {
  const isHidden = (name: string) => /(?:^|\/)\./.test(name);
  const isRecords = (name: string) => (formatOf(name) ?? "txt") !== "txt" || name.endsWith(".arrow");
  const isDataset = names.some((name) => isRecords(name) && !isDatasetMetadata(name));
  return names.filter(
    (name) => !isHidden(name) && (format ?? formatOf(name)) !== undefined && !(isDataset && isDatasetMetadata(name)),
  );
};

/** What to do about a file of no known format. */
export const formatRemedy = (path: string): { remedy: string; details?: { option: string } } => {
  if (path.endsWith(".arrow")) return { remedy: "write it as Parquet, with to_parquet of the datasets library" };
  if (/\.(?:bz2|xz|7z|zip|tar|tgz|br|lz4)$/i.test(path)) return { remedy: "unpack it" };
  return { remedy: "set format to what it holds, or make text of it", details: { option: "format" } };
};

/** The document in a parsed record, or why there is none. */
export const recordDocument = (value: unknown, place: string, options: RecordOptions): FileRecord => {
  if (options.whole && typeof value === "string") return { kind: "row", fields: { [options.field]: value }, place };
  if (typeof value === "string") return { kind: "document", text: value, id: place };
  if (typeof value !== "object" || value === null) return { kind: "bad", place, reason: "expected an object" };
  const record = value as Record<string, unknown>;
  if (options.whole) return { kind: "row", fields: record, place };
  if (options.where && !options.where(record)) return { kind: "unwanted" };
  const text = fieldOf(record, options.field);
  if (typeof text !== "string") {
    const got = text === undefined ? ` (it has: ${namesOf(record).join(", ")})` : `, got ${kindOf(text)}`;
    return {
      kind: "bad",
      place,
      reason: `expected a text in the field "${options.field}"${got}`,
      remedy: "choose with field",
      option: "field",
    };
  }
  const id = fieldOf(record, options.idField);
  // Parquet gives integers of 64 bits as bigint.
  return { kind: "document", text, id: ["string", "number", "bigint"].includes(typeof id) ? String(id) : place };
};

/** The field of that name, or if there is none, the one inside of others that a name with dots stands for. */
export const fieldOf = (record: Record<string, unknown>, name: string | number): unknown => {
  if (typeof name === "number" || Object.hasOwn(record, name) || !name.includes(".")) return record[name];
  return name.split(".").reduce<unknown>((node, key) => (isRecord(node) ? node[key] : undefined), record);
};

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const shownNames = 8;

/** The names that a field may be chosen by, the first few. */
const namesOf = (record: Record<string, unknown>): string[] =>
  Object.entries(record)
    .flatMap(([name, value]) => (isRecord(value) ? Object.keys(value).map((inner) => `${name}.${inner}`) : [name]))
    .slice(0, shownNames);

const kindOf = (value: unknown): string => {
  if (value === null) return "null";
  if (typeof value === "object") return Array.isArray(value) ? "an array" : "an object";
  return `a ${typeof value}`;
};
