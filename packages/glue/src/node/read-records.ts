import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { extname, join } from "node:path";
import { fault } from "@cramkit/errors";
import { readText, requireFile } from "@cramkit/files";
import { parse } from "csv-parse";
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import type { TaskRecord } from "../tasks/study-tasks.ts";
import { checkPages, loadCompressors } from "./parquet-pages.ts";
import { lines } from "./tsv.ts";

/** A record, and where it is from: file and line, or file and row. */
export interface PlacedRecord {
  readonly record: TaskRecord;
  readonly place: string;
}

const damaged = (place: string, expected: string, error: unknown): never => {
  throw fault({
    code: "damaged-file",
    place,
    problem: `expected ${expected}, got what cannot be read as one (${(error as Error).message})`,
    remedy: "download the file again",
  });
};

const objectOf = (text: string, place: string): TaskRecord => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return damaged(place, "a JSON object", error);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as TaskRecord;
  return damaged(place, "a JSON object", new Error(text.slice(0, 60)));
};

/** Of an official download: a JSON Lines or CSV file, or a folder with a JSON object in each file below it. */
export async function* officialRecords(path: string): AsyncGenerator<PlacedRecord> {
  const kind = extname(path);
  if (kind === ".jsonl") {
    for await (const { text, number } of lines(path))
      if (text.trim() !== "") yield { record: objectOf(text, `${path}:${number}`), place: `${path}:${number}` };
  } else if (kind === ".csv") yield* csvRecords(path);
  else {
    const names = (await readdir(path, { recursive: true })).filter((name) => name.endsWith(".txt")).sort();
    for (const name of names) {
      const file = join(path, name);
      yield { record: objectOf(await readText(file), file), place: file };
    }
  }
}

async function* csvRecords(path: string): AsyncGenerator<PlacedRecord> {
  await requireFile(path);
  const rows = createReadStream(path).pipe(parse({ columns: true, info: true, bom: true }));
  try {
    for await (const { record, info } of rows as AsyncIterable<{ record: TaskRecord; info: { lines: number } }>)
      yield { record, place: `${path}:${info.lines}` };
  } catch (error) {
    if ((error as { code?: string }).code?.startsWith("CSV_")) damaged(path, "a CSV file", error);
    throw error;
  }
}

/** Of Parquet files, all columns. */
export async function* parquetRecords(files: readonly string[]): AsyncGenerator<PlacedRecord> {
  const compressors = await loadCompressors();
  for (const file of files) {
    const fail = (error: unknown) => damaged(file, "a Parquet file", error);
    await requireFile(file);
    const buffer = await asyncBufferFromFile(file);
    const metadata = await parquetMetadataAsync(buffer).catch(fail);
    const columns = metadata.schema.slice(1).map(({ name }) => name);
    await checkPages(buffer, metadata, columns).catch(fail);
    const rows = await parquetReadObjects({ file: buffer, metadata, compressors }).catch(fail);
    for (const [i, record] of rows.entries()) yield { record, place: `${file} row ${i}` };
  }
}
