import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { requireTensors, type TensorEntry } from "@cramkit/checkpoint";
import { writeSafetensors } from "@cramkit/checkpoint/node";
import { checkOptions, fault } from "@cramkit/errors";
import {
  type FileDigest,
  fileDigest,
  hashFile,
  makeFolder,
  nameInside,
  readText,
  writeFileAtomic,
} from "@cramkit/files";
import {
  checkConfig,
  type HuggingFaceConfig,
  isCrammedArch,
  type ModelConfig,
  parameterShapes,
  type ReadOptions,
} from "@cramkit/model";
import { bertTokenizer, type Tokenizer, tokenizerFromJson } from "@cramkit/tokenizer";
import { requireFinite } from "../finite-tensors.ts";
import { entriesOf, type NamedTensors, readEntries, tensorsOf } from "../named-tensors.ts";
import { completeModel } from "../recipe/model-of.ts";
import { readJson, writeJson } from "../run-record.ts";
import { type Published, readCrammed, readPublished } from "./published-model.ts";

/** Sizes and digests of the others. */
const checksumsFile = "checksums.json";
const [weightsFile, configFile, tokenizerFile] = ["model.safetensors", "model_config.json", "tokenizer.json"] as const;

/** A model that can be used: its weights, its configuration and its tokenizer. */
export interface SavedModel {
  readonly params: NamedTensors;
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
  /**
   * What a folder of somebody else holds besides.
   * @defaultValue the model is ours, or of a folder without a `config.json`
   */
  readonly published?: Published;
}

export interface SaveModelOptions {
  /** What else belongs to the model, as JSON by the name of its file. @defaultValue nothing */
  readonly beside?: Readonly<Record<string, unknown>>;
}

/**
 * Writes `model.safetensors`, `model_config.json` and `tokenizer.json` into a folder, and `checksums.json` over all that it
 * writes. Borrows the weights.
 *
 * @throws a fault `not-finite` over weights that are NaN or infinite, before anything is written
 */
export const saveModel = async (folder: string, model: SavedModel, options: SaveModelOptions = {}): Promise<void> => {
  checkOptions("saveModel", options, { beside: true });
  const { params, config, tokenizer } = model;
  const { beside = {} } = options;
  for (const [name, value] of Object.entries(params)) requireFinite(await value.data(), { name, place: folder });
  await makeFolder(folder);
  // While files are of two models, nothing says that they belong together.
  await rm(join(folder, checksumsFile), { force: true });
  await writeSafetensors(join(folder, weightsFile), entriesOf(params), { metadata: { format: "pt" } });
  await writeFileAtomic(join(folder, configFile), `${JSON.stringify(config, null, 2)}\n`);
  await writeFileAtomic(join(folder, tokenizerFile), JSON.stringify(tokenizer.toJSON()));
  for (const [name, content] of Object.entries(beside)) await writeJson(join(folder, name), content);
  const checksums: Record<string, FileDigest | undefined> = {};
  for (const name of [weightsFile, configFile, tokenizerFile, ...Object.keys(beside)])
    checksums[name] = await checksumOf(join(folder, name));
  await writeFileAtomic(join(folder, checksumsFile), `${JSON.stringify(checksums, null, 2)}\n`);
};

/** Undefined if there is no such file. */
const checksumOf = (path: string): Promise<FileDigest | undefined> =>
  fileDigest(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });

/** Compares the files of a model of ours with their checksums. Folders of older versions, and of others, have none. */
const requireChecksums = async (folder: string): Promise<void> => {
  const damaged = (path: string, problem: string) =>
    fault({
      code: "damaged-file",
      place: path,
      problem,
      remedy: `restore the model from a copy, or from its run's checkpoint: remove the folder and \`cramkit resume\` the run; after a change of your own, delete ${join(folder, checksumsFile)}`,
    });
  const checksums = (await readJson(join(folder, checksumsFile))) as Record<string, FileDigest> | undefined;
  for (const [name, expected] of Object.entries(checksums ?? {})) {
    const path = nameInside(folder, name, checksumsFile);
    const found = await checksumOf(path);
    if (!found) throw damaged(path, `expected ${expected?.bytes} bytes, found no file`);
    const { bytes, sha256 } = found;
    if (bytes !== expected?.bytes) throw damaged(path, `expected ${expected?.bytes} bytes, got ${bytes}`);
    if (sha256 !== expected.sha256) throw damaged(path, "its checksum does not match, its content was changed");
  }
};

/**
 * Reads a model: what `saveModel` wrote, a BERT, RoBERTa or ModernBERT as Hugging Face publishes it (`config.json`,
 * `model.safetensors` whole or in shards, `tokenizer.json` or `vocab.txt`), a published crammed-bert, or what a run of the study left
 * (`model_config.json` with the study's fields). The caller disposes of the weights.
 */
export const loadModel = async (folder: string, options: ReadOptions = {}): Promise<SavedModel> => {
  const { entries, ...model } = await readModel(folder, options);
  return { params: tensorsOf(entries), ...model };
};

/** A model whose weights lie on the host: no backend is needed to read one. */
export interface ModelOnHost extends Omit<SavedModel, "params"> {
  readonly entries: TensorEntry[];
}

/** Reads what `loadModel` reads. */
export const readModel = async (folder: string, options: ReadOptions = {}): Promise<ModelOnHost> => {
  checkOptions("loadModel", options, { encoderOnly: true });
  await requireChecksums(folder);
  const saved = (await readJson(join(folder, configFile))) as ModelConfig | undefined;
  const fields = (await readJson(join(folder, "config.json"))) as HuggingFaceConfig | undefined;
  const isStudys = saved !== undefined && isCrammedArch(saved);
  if (saved && !isStudys) {
    const ours = completeModel(saved);
    checkConfig(ours);
    const published = fields && { published: { config: fields } };
    const weights = join(folder, weightsFile);
    return {
      ...toModel(existsSync(weights) ? weights : folder, await readEntries(folder), ours),
      tokenizer: await readTokenizer(folder),
      ...published,
    };
  }
  if (saved || fields) {
    const path = join(folder, configFile);
    const { config, tensors, published } = isStudys
      ? await readCrammed(folder, saved, { ...options, path })
      : await readPublished(folder, fields!, options);
    return { ...toModel(folder, tensors, config), tokenizer: await readTokenizer(folder), published };
  }
  const run = dirname(folder);
  const isRun = (await readJson(join(run, "recipe.json"))) !== undefined;
  throw fault({
    code: "not-found",
    place: folder,
    problem: "expected a model folder with a model_config.json, or a config.json of a Hugging Face BERT, found neither",
    remedy: isRun
      ? `a run leaves one once it is trained: \`cramkit resume ${run}\` finishes it`
      : "name the folder of a run that is trained, or of a model; `cramkit run RECIPE` makes one",
  });
};

/** SHA-256 over the files of a saved model; undefined if one is missing. */
export const modelDigest = async (folder: string): Promise<string | undefined> => {
  const hash = createHash("sha256");
  try {
    for (const name of [configFile, tokenizerFile, weightsFile]) await hashFile(hash, join(folder, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  return hash.digest("hex");
};

const toModel = (path: string, entries: TensorEntry[], config: ModelConfig) => {
  requireTensors(parameterShapes(config), entries, path);
  const remedy = "its training diverged: train again, with a lower learning rate";
  for (const { name, data } of entries) requireFinite(data, { name, place: path, remedy });
  return { entries, config };
};

/** The tokenizer of a model folder: its `tokenizer.json`, or what its `vocab.txt` makes. */
export const readTokenizer = async (folder: string): Promise<Tokenizer> => {
  const json = await readJson(join(folder, tokenizerFile));
  if (json) return tokenizerFromJson(json as object);
  const path = join(folder, "tokenizer_config.json");
  const settings = ((await readJson(path)) ?? {}) as Record<string, unknown>;
  const { do_lower_case = true, strip_accents = null, tokenize_chinese_chars = true } = settings;
  if (tokenize_chinese_chars !== true || (strip_accents !== null && strip_accents !== do_lower_case)) {
    throw fault({
      code: "invalid-input",
      place: path,
      problem: `expected tokenize_chinese_chars true and strip_accents as do_lower_case, got ${JSON.stringify({ tokenize_chinese_chars, strip_accents, do_lower_case })}`,
      remedy: "save the tokenizer as a tokenizer.json, which says it all",
      type: RangeError,
    });
  }
  return bertTokenizer(await readText(join(folder, "vocab.txt")), { lowercase: do_lower_case === true });
};
