import { rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { checkOptions, fault, problemOf } from "@cramkit/errors";
import { nameInside, readText, writeFileAtomic } from "@cramkit/files";
import { type Checkpoint, openSafetensors } from "../read-safetensors.ts";
import { type SafetensorsOptions, storedBytes } from "../safetensors-chunks.ts";
import type { TensorToWrite } from "../tensor-entry.ts";
import { fileSource } from "./file-source.ts";
import { writeSafetensors } from "./write-safetensors.ts";

const wholeName = "model.safetensors";
const indexName = "model.safetensors.index.json";

export interface ShardedOptions extends SafetensorsOptions {
  /**
   * A shard is closed before a tensor would take it over this size; 5 GB as in `transformers`.
   * @defaultValue 5e9
   */
  maxShardBytes?: number;
}

/**
 * Write a checkpoint into a folder as `transformers` lays it out: `model.safetensors` if it fits into one shard, else
 * `model-00001-of-00003.safetensors` ... and `model.safetensors.index.json`, which is written last.
 *
 * @returns the names of the files
 */
export const writeCheckpoint = async (
  folder: string,
  tensors: readonly TensorToWrite[],
  options: ShardedOptions = {},
): Promise<string[]> => {
  checkOptions("writeCheckpoint", options, { maxShardBytes: true, metadata: true, floats: true });
  const { maxShardBytes = 5_000_000_000, ...written } = options;
  const shards: TensorToWrite[][] = [[]];
  let shardBytes = 0;
  let totalBytes = 0;
  for (const tensor of tensors) {
    const bytes = storedBytes(tensor, written.floats);
    if (shardBytes > 0 && shardBytes + bytes > maxShardBytes) {
      shards.push([]);
      shardBytes = 0;
    }
    shards.at(-1)!.push(tensor);
    shardBytes += bytes;
    totalBytes += bytes;
  }
  if (shards.length === 1) {
    await writeSafetensors(join(folder, wholeName), tensors, written);
    return [wholeName];
  }
  const number = (index: number) => String(index).padStart(5, "0");
  const names = shards.map((_, index) => `model-${number(index + 1)}-of-${number(shards.length)}.safetensors`);
  for (const [index, shard] of shards.entries()) await writeSafetensors(join(folder, names[index]!), shard, written);
  const map = shards.flatMap((shard, index) => shard.map((tensor) => [tensor.name, names[index]!] as const));
  const index = { metadata: { total_size: totalBytes }, weight_map: Object.fromEntries(map) };
  await writeFileAtomic(join(folder, indexName), `${JSON.stringify(index, null, 2)}\n`);
  // Readers, `transformers` among them, would take an older checkpoint in one file before the index.
  await rm(join(folder, wholeName), { force: true });
  return [...names, indexName];
};

/**
 * Open a checkpoint: a `.safetensors` file, an index of shards, or the folder that holds either. The caller closes it.
 *
 * @throws RangeError if the index and its shards disagree; every tensor at fault is named
 */
export const openCheckpoint = async (path: string): Promise<Checkpoint> => {
  if (!(await stat(path)).isDirectory()) return path.endsWith(".json") ? openIndex(path) : openFile(path);
  const exists = (file: string) =>
    stat(file).then(
      () => true,
      () => false,
    );
  const whole = join(path, wholeName);
  if (await exists(whole)) return openFile(whole);
  const index = join(path, indexName);
  if (await exists(index)) return openIndex(index);
  throw fault({
    code: "not-found",
    place: path,
    problem: `expected ${wholeName} or ${indexName} in the folder, found neither`,
    remedy: "name the folder of a model, or a .safetensors file",
    type: RangeError,
  });
};

const openFile = async (path: string) => openSafetensors(await fileSource(path));

const openIndex = async (path: string): Promise<Checkpoint> => {
  const map = weightMap(parsed(await readText(path), path), path);
  const shards = new Map<string, Checkpoint>();
  try {
    for (const file of new Set(Object.values(map))) {
      shards.set(file, await openFile(nameInside(dirname(path), file, path)));
    }
    return joined(map, shards, path);
  } catch (error) {
    for (const shard of shards.values()) await shard.close();
    throw error;
  }
};

const parsed = (text: string, path: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw fault({
      code: "damaged-file",
      place: path,
      problem: `expected JSON, got ${text.length} characters that are not: ${problemOf(cause)}`,
      remedy: "copy or download the index again",
      type: RangeError,
      cause,
    });
  }
};

const joined = (map: Record<string, string>, shards: Map<string, Checkpoint>, path: string): Checkpoint => {
  const problems: string[] = [];
  for (const [name, file] of Object.entries(map)) {
    if (!shards.get(file)!.tensors.some((tensor) => tensor.name === name)) problems.push(`${name} is not in ${file}`);
  }
  for (const [file, shard] of shards) {
    for (const { name } of shard.tensors)
      if (map[name] !== file) problems.push(`${name} of ${file} is not in the index`);
  }
  if (problems.length > 0)
    throw fault({
      code: "damaged-file",
      place: path,
      problem: `the index and its shards disagree: ${problems.join("; ")}`,
      remedy: "copy or download all files of the model again",
      type: RangeError,
    });
  const all = [...shards.values()];
  const metadata = Object.assign({}, ...all.map((shard) => shard.metadata)) as Record<string, string>;
  return {
    metadata,
    tensors: all.flatMap((shard) => shard.tensors),
    async read(name) {
      const file = map[name];
      if (file === undefined)
        throw fault({
          code: "invalid-argument",
          place: "read",
          problem: `expected a tensor of the checkpoint, got ${name}`,
          type: RangeError,
        });
      return shards.get(file)!.read(name);
    },
    async *[Symbol.asyncIterator]() {
      for (const shard of all) yield* { [Symbol.asyncIterator]: () => shard[Symbol.asyncIterator]() };
    },
    async close() {
      for (const shard of all) await shard.close();
    },
  };
};

const weightMap = (index: unknown, path: string): Record<string, string> => {
  const map = (index as { weight_map?: unknown } | null)?.weight_map;
  const isMap = typeof map === "object" && map !== null && Object.values(map).every((file) => typeof file === "string");
  if (!isMap)
    throw fault({
      code: "damaged-file",
      place: path,
      problem: "expected { weight_map: { tensor: file } }, got something else",
      remedy: "copy or download the index again",
      type: RangeError,
    });
  return map as Record<string, string>;
};
