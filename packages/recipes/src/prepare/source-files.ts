import { stat } from "node:fs/promises";
import { join } from "node:path";
import { documentFiles, hubFiles } from "@cramkit/corpus/node";
import { fileDigest, writeFileAtomic } from "@cramkit/files";
import type { Recipe } from "../recipe/recipe.ts";
import { readJson } from "../run-record.ts";
import type { HubWaits } from "./hub-waits.ts";
import { novelsName } from "./novels-tokenizer.ts";
import { allSources } from "./prepared-folder.ts";

/** A file that prepared data was made from, as it was then. */
export interface SourceFile {
  readonly path: string;
  readonly bytes: number;
  /** Time of the last change, in milliseconds since 1970. */
  readonly modified: number;
  /** SHA-256, in hexadecimal. */
  readonly digest: string;
}

/** What has become of the files of prepared data. */
export interface SourceChanges {
  /** Changed, added or removed, each as a person reads it. */
  readonly changes: readonly string[];
  /** A path of the recipe that leads nowhere any more. */
  readonly gone: string | undefined;
  /** A hub could not be asked whether its dataset has changed. */
  readonly isUnasked: boolean;
}

/** The files of a recipe's local sources, those of an evaluation and the tokenizer that measures among them. */
export const localFilesOf = async (recipe: Recipe): Promise<string[]> => {
  const { corpus, tokenizer } = recipe;
  const paths: string[] = [];
  for (const source of allSources(recipe)) {
    if (source.kind !== "files" && source.kind !== "ids") continue;
    const { path, include, exclude } = source;
    const format = source.kind === "files" ? source.format : undefined;
    for (const file of await documentFiles({ path, include, exclude, format })) paths.push(file.path);
  }
  const { compressionTokenizer } = corpus;
  if (compressionTokenizer !== null && compressionTokenizer !== novelsName) paths.push(compressionTokenizer);
  if (tokenizer.from !== null) paths.push(tokenizer.from);
  return [...new Set(paths)];
};

/** A file as it is now. */
export const describeFile = async (path: string): Promise<SourceFile> => {
  const { size, mtimeMs } = await stat(path);
  const { sha256 } = await fileDigest(path);
  return { path, bytes: size, modified: mtimeMs, digest: sha256 };
};

/** Files of datasets on a hub, as it tells of them. */
const hubFilesOf = async (recipe: Recipe, hub: HubWaits, retries?: number): Promise<SourceFile[]> => {
  const files: SourceFile[] = [];
  for (const source of allSources(recipe)) {
    if (source.kind !== "hub") continue;
    const { uri, hubUrl, include, exclude, format } = source;
    for (const { path, bytes, digest } of await hubFiles({ uri, hubUrl, include, exclude, format, retries, ...hub }))
      files.push({ path: `${uri}: ${path}`, bytes, modified: 0, digest });
  }
  return files;
};

const isOfHub = ({ path }: SourceFile): boolean => path.startsWith("hf://");

/** Changes of the datasets, compared as the hub tells of them; undefined if it cannot be asked. */
const hubChanges = async (
  recipe: Recipe,
  noted: readonly SourceFile[],
  hub: HubWaits,
): Promise<string[] | undefined> => {
  let present: SourceFile[];
  try {
    present = await hubFilesOf(recipe, hub, 0);
  } catch {
    hub.signal?.throwIfAborted();
    return undefined; // prepared rows are of use without a network
  }
  const changes: string[] = [];
  const known = new Map(noted.map((file) => [file.path, file]));
  for (const { path, bytes, digest } of present) {
    const before = known.get(path);
    known.delete(path);
    if (before === undefined) changes.push(`${path} is new`);
    else if (before.bytes !== bytes || before.digest !== digest) changes.push(`${path} has changed`);
  }
  for (const path of known.keys()) changes.push(`${path} is gone`);
  return changes;
};

const fileIn = (folder: string): string => join(folder, "sources.json");

/** Notes down what the sources hold, before they are read; `known` are files that tasks have looked at. */
export const noteSources = async (
  recipe: Recipe,
  folder: string,
  hub: HubWaits,
  known: ReadonlyMap<string, SourceFile> = new Map(),
): Promise<void> => {
  const files: SourceFile[] = [];
  for (const path of await localFilesOf(recipe)) files.push(known.get(path) ?? (await describeFile(path)));
  files.push(...(await hubFilesOf(recipe, hub)));
  await writeFileAtomic(fileIn(folder), `${JSON.stringify(files, null, 1)}\n`);
};

/**
 * What has changed since the sources were noted down; undefined if nobody did. A file of the same size and time is
 * taken for unchanged; the digest decides over any other.
 */
export const sourceChanges = async (
  recipe: Recipe,
  folder: string,
  hub: HubWaits,
): Promise<SourceChanges | undefined> => {
  const noted = (await readJson(fileIn(folder))) as SourceFile[] | undefined;
  if (noted === undefined) return undefined;
  let present: string[];
  try {
    present = await localFilesOf(recipe);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { changes: [], gone: noted[0]?.path ?? "the text", isUnasked: false }; // a path leads nowhere, or to nothing that is read
  }
  const ofHub = noted.filter(isOfHub);
  const asked = ofHub.length > 0 ? await hubChanges(recipe, ofHub, hub) : [];
  const changes: string[] = [...(asked ?? [])];
  const known = new Map(noted.filter((file) => !isOfHub(file)).map((file) => [file.path, file]));
  for (const path of present) {
    const before = known.get(path);
    known.delete(path);
    if (before === undefined) changes.push(`${path} is new`);
    else if (await isChanged(before)) changes.push(`${path} has changed`);
  }
  for (const path of known.keys()) changes.push(`${path} is gone`);
  return { changes, gone: undefined, isUnasked: asked === undefined };
};

/** Whether a file is another than it was. */
export const isChanged = async ({ path, bytes, modified, digest }: SourceFile): Promise<boolean> => {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || found.size !== bytes) return true;
  return found.mtimeMs !== modified && (await describeFile(path)).digest !== digest;
};
