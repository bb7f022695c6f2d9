import { homedir } from "node:os";
import { join } from "node:path";
import { checkOptions, fault, type KnownOptions, shown } from "@cramkit/errors";
import { type ListFileEntry, listFiles } from "@huggingface/hub";
import picomatch from "picomatch";
import type { Document } from "../../document.ts";
import { restartable } from "../../restartable.ts";
import { createReadTally, type ReadTally } from "../sources/bad-input.ts";
import {
  type FileDocumentsOptions,
  type FilesPart,
  partOf,
  type ReadDocuments,
  readFileDocuments,
  readingOptions,
} from "../sources/files.ts";
import { formatOf, isDatasetMetadata } from "../sources/format.ts";
import { type FileRow, type FileRowsOptions, rowsOfFile } from "../sources/rows.ts";
import { endingFetch, explained, type HubAccess, openHub } from "./access.ts";
import { cachedHubFile, encodedPath } from "./download.ts";
import { parseHubUri } from "./uri.ts";

export interface HubDocumentsOptions extends HubAccess, Omit<FileDocumentsOptions, "path"> {
  /** `hf://datasets/OWNER/NAME[@REVISION][/PATH]`: a file, a folder or a pattern. */
  uri: string;
  /**
   * Folder that keeps downloaded files, by their etags.
   *
   * @defaultValue `~/.cache/cramkit/hub`
   */
  cacheFolder?: string;
}

/** What selects files of a dataset, and where they are kept. */
type HubSelection = Pick<HubDocumentsOptions, "uri" | "include" | "exclude" | "format" | "cacheFolder"> & HubAccess;

const selection: KnownOptions<HubSelection> = {
  uri: true,
  include: true,
  exclude: true,
  format: true,
  cacheFolder: true,
  accessToken: true,
  hubUrl: true,
  fetch: true,
  retries: true,
  signal: true,
  onWait: true,
};

const knownOptions: KnownOptions<HubDocumentsOptions> = { ...selection, ...readingOptions };

export type HubRowsOptions = HubSelection & Omit<FileRowsOptions, "path">;

/**
 * The documents of a dataset on the Hugging Face hub: its files of a known format, in the order of their paths, each
 * downloaded when it is its turn. Patterns of `include` and `exclude` are over paths in the dataset.
 */
export const hubDocuments = (options: HubDocumentsOptions): ReadDocuments => {
  checkOptions("hubDocuments", options, knownOptions);
  let tally = createReadTally(options);
  const documents = restartable(() => {
    tally = createReadTally(options);
    return readHub(options, tally);
  });
  return { ...documents, report: () => tally.report };
};

/** A file of a dataset on the hub. */
export interface HubFile {
  /** In the dataset. */
  path: string;
  bytes: number;
  /** What the hub names its content by: SHA-256 of a large file, of a small one that of git. */
  digest: string;
}

/**
 * The files that `hubDocuments` would read, in their order, without reading them: whether a dataset has changed.
 *
 * @throws a fault if the hub cannot be asked, or there are none
 */
export const hubFiles = async (options: HubDocumentsOptions): Promise<HubFile[]> => {
  checkOptions("hubFiles", options, knownOptions);
  const { uri, include, exclude, format } = options;
  const hub = openHub(options);
  const { name, revision, folder, matches } = parseHubUri(uri);
  const wanted = include === undefined ? () => true : picomatch(include, { dot: true });
  const unwanted = exclude === undefined ? () => false : picomatch(exclude, { dot: true });
  const isData = (path: string) => format !== undefined || (formatOf(path) !== undefined && !isDatasetMetadata(path));
  const files = await explained(uri, hub, async () => {
    const repo = { type: "dataset" as const, name };
    // The client puts both into an address as they are.
    const address = { revision: encodeURIComponent(revision), path: encodedPath(folder) || undefined };
    const found: HubFile[] = [];
    const { hubUrl } = hub;
    const fetch = endingFetch(hub.fetch, uri);
    for await (const entry of listFiles({
      repo,
      ...address,
      recursive: true,
      hubUrl,
      fetch,
    })) {
      const { type, path, size, oid, lfs } = requireEntry(entry);
      if (type === "file" && matches(path) && wanted(path) && !unwanted(path) && isData(path))
        found.push({ path, bytes: size, digest: lfs?.oid ?? oid ?? "" });
    }
    return found.sort((a, b) => (a.path < b.path ? -1 : 1));
  });
  if (files.length === 0) throw noFiles(uri);
  return [...partOf(files, options.part)];
};

/** An entry of a listing, as far as it is used. */
const requireEntry = (entry: ListFileEntry): ListFileEntry => {
  const { path, size } = Object(entry) as Partial<ListFileEntry>;
  if (typeof path === "string" && typeof size === "number") return entry;
  throw new TypeError(`expected files with a path and a size, got ${shown(entry)}`);
};

async function* readHub(options: HubDocumentsOptions, tally: ReadTally): AsyncGenerator<Document> {
  for await (const { file, name } of downloadedFiles(options)) yield* readFileDocuments(file, name, options, tally);
  tally.finish();
}

/** The files that the options select, each downloaded when it is its turn. */
async function* downloadedFiles(
  options: HubSelection & { part?: FilesPart },
): AsyncGenerator<{ file: string; name: string }> {
  const { uri, cacheFolder = join(homedir(), ".cache", "cramkit", "hub") } = options;
  const hub = openHub(options);
  const { name, revision } = parseHubUri(uri);
  for (const { path } of await hubFiles(options)) {
    const file = await cachedHubFile({ ...hub, name, revision, path, cacheFolder });
    yield { file, name: `${name}/${path}` };
  }
}

/** The records of a dataset with all of their fields: as `fileRows`, of the hub. */
export async function* hubRows(options: HubRowsOptions): AsyncGenerator<FileRow> {
  checkOptions("hubRows", options, {
    ...selection,
    delimiter: true,
    quote: true,
    escape: true,
    encoding: true,
  } satisfies KnownOptions<HubRowsOptions>);
  for await (const { file, name } of downloadedFiles(options))
    for await (const row of rowsOfFile(file, options)) yield { ...row, file: name };
}

const noFiles = (uri: string) =>
  fault({
    code: "not-found",
    place: "hubDocuments",
    problem: `expected files to read, got none at ${uri}`,
    remedy: "check the path, or name their format",
    type: RangeError,
  });
