import { access, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type GlueName, glueNames, glueTasks, splitsOf } from "./glue-tasks.ts";
import { waitingFetch } from "./waiting-fetch.ts";

export interface DownloadOptions {
  tasks?: readonly GlueName[];
  /** The hub or a mirror of it. */
  endpoint?: string;
  /** A branch, tag or commit of the data set. */
  revision?: string;
  /** Sent as a bearer token. */
  token?: string;
  /** Times in a row that a hub which has enough requests (429, 503) is asked again, when it says that it may be. */
  retries?: number;
  onProgress?: (progress: DownloadProgress) => void;
  signal?: AbortSignal;
}

export interface DownloadProgress {
  readonly file: string;
  readonly bytes: number;
  /** Undefined where the server does not say. */
  readonly totalBytes?: number;
  /** Files that are complete, and all of them. */
  readonly done: number;
  readonly total: number;
}

/**
 * Downloads the Parquet files of `hf://datasets/nyu-mll/glue` into a folder that `readGlue` reads. Files that are there
 * are not downloaded again; a broken download leaves nothing under a file's name. Where the hub limits requests it is asked
 * again when it says. Returns the paths of all files.
 */
export async function downloadGlue(directory: string, options: DownloadOptions = {}): Promise<string[]> {
  const { tasks = glueNames, endpoint = "https://huggingface.co", revision = "main" } = options;
  const names = tasks.flatMap((name) => {
    if (!glueTasks[name]) throw new RangeError(`downloadGlue: expected tasks of ${glueNames.join(", ")}, got ${name}`);
    return splitsOf(glueTasks[name]).map(({ hub }) => `${hub.folder}/${hub.split}-00000-of-00001.parquet`);
  });
  const base = `${endpoint.replace(/\/+$/, "")}/datasets/nyu-mll/glue/resolve/${encodeURIComponent(revision)}`;
  const paths: string[] = [];
  for (const [done, name] of names.entries()) {
    const path = join(directory, name);
    const report = (bytes: number, totalBytes?: number) =>
      options.onProgress?.({ file: name, bytes, totalBytes, done, total: names.length });
    if (!(await isThere(path))) await downloadFile(`${base}/${name}`, path, options, report);
    paths.push(path);
  }
  return paths;
}

async function downloadFile(
  url: string,
  path: string,
  { token, signal, retries = 5 }: DownloadOptions,
  report: (bytes: number, totalBytes?: number) => void,
): Promise<void> {
  const fail = (got: string): never => {
    throw new Error(
      `${url}: expected a Parquet file, got ${got}; check the network, the endpoint and the revision, and try again`,
    );
  };
  const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
  const response = await waitingFetch(url, { headers, signal, retries }).catch((error: Error) => {
    signal?.throwIfAborted();
    return fail(String(error.cause ?? error));
  });
  if (response.status === 401 || response.status === 403)
    throw new Error(
      `${url}: expected a Parquet file, got HTTP status ${response.status}; set HF_TOKEN to a token of an account that may read it`,
    );
  if (!response.ok || !response.body) return fail(`HTTP status ${response.status}`);
  const length = response.headers.get("content-length");
  // What is decoded on the way has another length.
  const totalBytes = length === null || response.headers.has("content-encoding") ? undefined : Number(length);
  await mkdir(dirname(path), { recursive: true });
  const partial = `${path}.partial`;
  const file = await open(partial, "w");
  let bytes = 0;
  let magic = "";
  try {
    for await (const chunk of response.body) {
      if (magic.length < 4) magic += Buffer.from(chunk.subarray(0, 4 - magic.length)).toString("latin1");
      await file.appendFile(chunk);
      report((bytes += chunk.length), totalBytes);
    }
    await file.sync();
    if (totalBytes !== undefined && bytes !== totalBytes) throw new Error("the end");
  } catch (error) {
    await rm(partial);
    signal?.throwIfAborted();
    fail(`${bytes} bytes and then ${String((error as Error).cause ?? (error as Error).message)}`);
  } finally {
    await file.close();
  }
  if (magic !== "PAR1") {
    await rm(partial);
    fail(`${bytes} bytes of something else`);
  }
  await rename(partial, path);
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
