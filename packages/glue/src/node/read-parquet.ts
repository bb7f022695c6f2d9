import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fault } from "@cramkit/errors";
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import type { GlueTask, SplitLayout } from "../tasks/glue-tasks.ts";
import { exampleFrom, labelOf } from "../tasks/label.ts";
import type { Example } from "../tasks/task.ts";
import { checkPages, loadCompressors } from "./parquet-pages.ts";
import type { ReadSet } from "./read-tsv.ts";

/** The Parquet shards of a split below the folder of a hub download, in order; empty if there are none. */
export const parquetShards = async (folder: string, { hub }: Pick<SplitLayout, "hub">): Promise<string[]> => {
  const shardFolder = join(folder, hub.folder);
  const names = await readdir(shardFolder).catch((): string[] => []);
  const shards = names
    .filter((name) => name.startsWith(`${hub.split}-`) && /-\d{5}-of-\d{5}\.parquet$/.test(name))
    .sort();
  const expected = shards.length === 0 ? 0 : Number(shards[0]!.slice(-13, -8));
  if (shards.length !== expected)
    throw fault({
      code: "damaged-file",
      place: shardFolder,
      problem: `expected ${expected} shards of ${hub.split}, got ${shards.length}`,
      remedy: "download the missing ones",
    });
  return shards.map((name) => join(shardFolder, name));
};

/** Reads a split from its shards. Throws with file and row on a wrong column or label. */
export const readParquet = async (files: readonly string[], glue: GlueTask): Promise<ReadSet> => {
  const examples: Example[] = [];
  for (const file of files) for (const example of await readShard(file, glue)) examples.push(example);
  return { examples, notes: [] };
};

const readShard = async (file: string, glue: GlueTask): Promise<Example[]> => {
  const { text, pair, label } = glue.hubColumns as { text: string; pair?: string; label: string };
  const damaged = (error: unknown): never => {
    throw fault({
      code: "damaged-file",
      place: file,
      problem: `expected a Parquet file, got one that cannot be read (${(error as Error).message})`,
      remedy: "download it again",
    });
  };
  const buffer = await asyncBufferFromFile(file);
  const metadata = await parquetMetadataAsync(buffer).catch(damaged);
  const names = metadata.schema.slice(1).map(({ name }) => name);
  const columns = pair === undefined ? [text, label] : [text, pair, label];
  if (!columns.every((name) => names.includes(name)))
    throw fault({
      code: "damaged-file",
      place: file,
      problem: `expected the columns ${columns.join(", ")} of ${glue.task.title}, got ${names.join(", ")}`,
      remedy: `put the file of ${glue.task.title} there`,
    });
  checkLabelNames(file, glue, metadata.key_value_metadata);
  await checkPages(buffer, metadata, columns).catch(damaged);
  const compressors = await loadCompressors();
  const rows = await parquetReadObjects({ file: buffer, metadata, columns, compressors }).catch(damaged);
  return rows.map((row, i) => {
    const value = labelOf(glue, row[label]);
    if (Number.isNaN(value))
      throw fault({
        code: "damaged-file",
        place: file,
        problem: `row ${i}: expected a label of ${glue.task.title}, got ${row[label]}`,
        remedy: "download the file again",
      });
    const texts = [row[text], pair === undefined ? "" : row[pair]];
    for (const each of texts) {
      if (typeof each !== "string")
        throw fault({
          code: "damaged-file",
          place: file,
          problem: `row ${i}: expected text, got ${each}`,
          remedy: "download the file again",
        });
    }
    return exampleFrom(texts[0], pair === undefined ? undefined : texts[1], value);
  });
};

/**
 * Several tasks have the same columns; the datasets library keeps the names of the labels beside them. Labels that were
 * saved as plain integers have none and are taken for the task's own.
 */
const checkLabelNames = (
  file: string,
  glue: GlueTask,
  metadata: { key: string; value?: string }[] | undefined,
): void => {
  const text = metadata?.find(({ key }) => key === "huggingface")?.value;
  if (!text) return;
  const { names, dtype } = JSON.parse(text)?.info?.features?.label ?? {};
  if (!Array.isArray(names) && !/^float/.test(dtype)) return;
  const got = Array.isArray(names) ? names.join(", ") : "scores";
  const expected = glue.task.labels.length === 0 ? "scores" : glue.task.labels.join(", ");
  if (got !== expected)
    throw fault({
      code: "damaged-file",
      place: file,
      problem: `expected the labels ${expected} of ${glue.task.title}, got ${got}`,
      remedy: `put the file of ${glue.task.title} there`,
    });
};
