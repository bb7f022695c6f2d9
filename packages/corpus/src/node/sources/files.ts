import { readdir, stat } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { checkOptions, type Fault, fault, type KnownOptions } from "@cramkit/errors";
import { notAFile } from "@cramkit/files";
import picomatch from "picomatch";
import type { Document } from "../../document.ts";
import type { ReadReport } from "../../read-report.ts";
import { restartable } from "../../restartable.ts";
import { type BadInputPolicy, CorpusInputError, createReadTally, type ReadTally } from "./bad-input.ts";
import { readCsv, readTsv } from "./csv.ts";
import {
  dataFiles,
  type FileRecord,
  type Format,
  formatOf,
  formatRemedy,
  type RecordOptions,
  type RecordReader,
} from "./format.ts";
import { readJson } from "./json.ts";
import { readJsonLines } from "./jsonl.ts";
import { readParquet } from "./parquet/parquet.ts";
import { readText } from "./text.ts";
import { readWikiExtractor } from "./wiki-extractor.ts";

const readers: Record<Format, RecordReader> = {
  txt: readText,
  jsonl: readJsonLines,
  json: readJson,
  csv: readCsv,
  tsv: readTsv,
  parquet: readParquet,
  wikiextractor: readWikiExtractor,
};

export interface FileDocumentsOptions extends Partial<RecordOptions>, BadInputPolicy {
  /**
   * A file or a folder, or several. A folder is read with its sub-folders in the order of its paths; links to files are
   * followed, links to folders are not.
   */
  path: string | readonly string[];
  /**
   * Patterns over paths inside a folder, such as `**\/*.jsonl.gz`. Names that begin with a dot are left out, unless a
   * pattern writes that dot.
   *
   * @defaultValue all files of a known format, but not the card and the metadata (`README.md`, `dataset_infos.json`,
   * ...) that lie beside a dataset
   */
  include?: string | string[];
  /**
   * Patterns over paths inside a folder of what is left out.
   *
   * @defaultValue nothing is left out
   */
  exclude?: string | string[];
  /**
   * The format of all files.
   *
   * @defaultValue what a file's name says
   */
  format?: Format;
  /**
   * Of the files that are selected every `of`th, from number `index` on: a share of the reading.
   *
   * @defaultValue all of them
   */
  part?: FilesPart;
}

/** Every `of`th file, from number `index` on. */
export interface FilesPart {
  index: number;
  of: number;
}

type FileSelection = Pick<FileDocumentsOptions, "path" | "include" | "exclude" | "format">;

/** The options of reading a file, wherever it lies, for the check of their names. */
export const readingOptions: KnownOptions<Omit<FileDocumentsOptions, keyof FileSelection>> = {
  field: true,
  idField: true,
  unit: true,
  delimiter: true,
  quote: true,
  escape: true,
  encoding: true,
  where: true,
  maxBadShare: true,
  onBrokenFile: true,
  onBad: true,
  part: true,
  whole: true,
};

/** Documents read from somewhere. `report` is about the latest iteration. */
export interface ReadDocuments extends AsyncIterable<Document> {
  report(): ReadReport;
}

/**
 * The documents of text, JSON, JSON-lines, CSV, TSV, Parquet and WikiExtractor files, each also as `.gz` or `.zst`. A
 * document's `source` is the path of its file inside the folder, its `id` the record's own or its place.
 */
export const fileDocuments = (options: FileDocumentsOptions): ReadDocuments => {
  checkOptions("fileDocuments", options, {
    ...readingOptions,
    path: true,
    include: true,
    exclude: true,
    format: true,
  });
  let tally = createReadTally(options);
  const documents = restartable(() => {
    tally = createReadTally(options);
    return readAll(options, tally);
  });
  return { ...documents, report: () => tally.report };
};

async function* readAll(options: FileDocumentsOptions, tally: ReadTally): AsyncGenerator<Document> {
  for (const { path, name } of partOf(await selectedFiles(options), options.part))
    yield* readFileDocuments(path, name, options, tally);
  tally.finish();
}

/** The files of a part. */
export const partOf = <T>(files: readonly T[], part: FilesPart | undefined): readonly T[] => {
  if (part === undefined) return files;
  const { index, of } = part;
  if (!(Number.isInteger(of) && of > 0 && Number.isInteger(index) && index >= 0 && index < of))
    throw fault({
      code: "invalid-argument",
      place: "fileDocuments",
      problem: `expected a part with an index of 0 to of - 1, got ${index} of ${of}`,
      type: RangeError,
    });
  return files.filter((_, number) => number % of === index);
};

/** The records of one file, in the format of its name or the one that was asked for. */
export const recordsOf = (
  path: string,
  options: Partial<RecordOptions> & Pick<FileDocumentsOptions, "format">,
): AsyncIterable<FileRecord> => {
  const { field = "text", idField = "id", unit = "file" } = options;
  const format = options.format ?? formatOf(path);
  if (format !== undefined) return readers[format](path, { ...options, field, idField, unit });
  throw fault({
    code: "unsupported",
    place: "fileDocuments",
    problem: `expected a file named .txt, .jsonl, .json, .csv, .tsv or .parquet (also .gz, .zst), got ${path}`,
    ...formatRemedy(path),
    type: RangeError,
  });
};

/** The documents of one file, counted in `tally`. */
export async function* readFileDocuments(
  path: string,
  name: string,
  options: Omit<FileDocumentsOptions, "path">,
  tally: ReadTally,
): AsyncGenerator<Document> {
  const records = recordsOf(path, options);
  tally.report.files++;
  try {
    for await (const record of records) {
      if (record.kind === "document") {
        tally.good(record.text);
        yield { text: record.text, source: name, id: record.id };
      } else if (record.kind === "unwanted") tally.report.unwanted++;
      else if (record.kind === "bad") tally.bad({ ...record, file: path }, record.records);
    }
  } catch (error) {
    // A share that was exceeded stops the reading; what is wrong with this one file may not.
    if (!(error instanceof CorpusInputError) || tally.exceeded(error)) throw error;
    tally.broken(error);
  }
}

/** A file of documents. */
export interface DocumentFile {
  path: string;
  /** The path inside the folder that was asked for. */
  name: string;
}

/** The files that the options select, in the order of code units of their paths. */
export const documentFiles = async (options: FileSelection): Promise<DocumentFile[]> => {
  checkOptions("documentFiles", options, { path: true, include: true, exclude: true, format: true });
  return selectedFiles(options);
};

/** The same of options among which are others. */
const selectedFiles = async ({ path, include, exclude, format }: FileSelection): Promise<DocumentFile[]> => {
  const wanted = include === undefined ? undefined : picomatch(include); // a dot has to be written
  const unwanted = exclude === undefined ? undefined : picomatch(exclude, { dot: true });
  const found: DocumentFile[] = [];
  let unread: string | undefined;
  const others: string[] = [];
  for (const start of typeof path === "string" ? [path] : path) {
    const entry = await stat(start).catch(() => undefined);
    if (entry === undefined) {
      throw fault({
        code: "not-found",
        place: start,
        problem: "expected a file or a folder, found nothing there",
        remedy: "correct the path, or put the file there",
        type: RangeError,
      });
    }
    if (entry.isFile()) {
      found.push({ path: start, name: basename(start) });
      continue;
    }
    if (!entry.isDirectory()) throw notAFile(start, entry, "a file or a folder");
    const all = (await filesBelow(start)).map((name) => name.replaceAll("\\", "/"));
    const names = (wanted ? all.filter((name) => wanted(name)) : dataFiles(all, format))
      .filter((name) => !unwanted?.(name))
      .sort((a, b) => (a < b ? -1 : 1));
    unread ??= all.find((name) => name.endsWith(".arrow"));
    if (names.length === 0) others.push(...all);
    found.push(...names.map((name) => ({ path: join(start, name), name })));
  }
  if (found.length === 0) throw noFiles({ path, include, exclude, format }, unread, others);
  return found;
};

/** Paths of files below a folder, and of links to files: what a link to a pipe or a device gives may never end. */
const filesBelow = async (folder: string): Promise<string[]> => {
  const paths: string[] = [];
  for (const item of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(item.parentPath ?? item.path, item.name);
    const isOther = async () => (await stat(path).catch(() => undefined))?.isFile() === false; // a broken one is an error later
    if (item.isFile() || (item.isSymbolicLink() && !(await isOther()))) paths.push(relative(folder, path));
  }
  return paths;
};

/** Files that an error names. */
const shownFiles = 3;

const noFiles = (
  { path, include, exclude, format }: FileDocumentsOptions,
  unread: string | undefined,
  others: readonly string[],
): Fault => {
  const shown = others.slice(0, shownFiles).join(", ");
  const more = others.length > shownFiles ? ` and ${others.length - shownFiles} more` : "";
  const all =
    format === undefined ? "files named .txt, .jsonl, .json, .csv, .tsv or .parquet (also .gz, .zst)" : "files";
  const expected = include === undefined ? all : `files that match ${[include].flat().join(", ")}`;
  const isChosen = include !== undefined || exclude !== undefined;
  const holds = others.length > 0 && !isChosen && unread === undefined ? `, but ${shown}${more}` : "";
  const advice = isChosen
    ? { remedy: "check include and exclude", details: { option: ["include", "exclude"] } }
    : unread !== undefined
      ? { ...formatRemedy(unread), remedy: `there is ${unread}: ${formatRemedy(unread).remedy}` }
      : format === undefined
        ? { remedy: "name another path, or set format", details: { option: "format" } }
        : { remedy: "name another path" };
  return fault({
    code: "not-found",
    place: "fileDocuments",
    problem: `expected ${expected}, got none in ${[path].flat().join(", ")}${holds}`,
    ...advice,
    type: RangeError,
  });
};
