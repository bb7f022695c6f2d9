import { access } from "node:fs/promises";
import { dirname, join } from "node:path";
import { checkOptions, codeOf, explain, type FaultCode, fault, hasCode } from "@cramkit/errors";
import { createAtomicFile, removeLeftovers } from "@cramkit/files";
import { createFetch } from "@cramkit/files/fetch";
import { type GlueName, glueNames, glueTasks, splitsOf } from "../tasks/glue-tasks.ts";

export interface DownloadOptions {
  /** @defaultValue all of them */
  tasks?: readonly GlueName[];
  /**
   * The hub or a mirror of it.
   *
   * @defaultValue `"https://huggingface.co"`
   */
  hubUrl?: string;
  /**
   * A branch, tag or commit of the data set.
   *
   * @defaultValue `"main"`
   */
  revision?: string;
  /**
   * Sent to `hubUrl` alone, and never over plain http to another machine.
   * @defaultValue none is sent
   */
  accessToken?: string;
  /**
   * Times that a request is made again when it fails, or when the hub has had enough and says that it may be.
   *
   * @defaultValue `5`
   */
  retries?: number;
  /** @defaultValue says nothing */
  onProgress?: (progress: DownloadProgress) => void;
  /** @defaultValue runs to its end */
  signal?: AbortSignal;
}

export interface DownloadProgress {
  readonly file: string;
  readonly bytes: number;
  /**
   * Undefined if the server does not say.
   * @defaultValue absent if the server does not say
   */
  readonly totalBytes?: number;
  /** Files that are complete, and all of them. */
  readonly done: number;
  readonly total: number;
}

/**
 * Downloads the Parquet files of `hf://datasets/nyu-mll/glue` into a folder that `readGlue` reads. Files that are there
 * are not downloaded again; a broken download leaves nothing under a file's name. If the hub limits requests it is asked
 * again when it says. Returns the paths of all files.
 */
export const downloadGlue = async (folder: string, options: DownloadOptions = {}): Promise<string[]> => {
  checkOptions("downloadGlue", options, {
    tasks: true,
    hubUrl: true,
    revision: true,
    accessToken: true,
    retries: true,
    onProgress: true,
    signal: true,
  });
  const {
    tasks = glueNames,
    hubUrl = "https://huggingface.co",
    revision = "main",
    accessToken,
    retries,
    signal,
  } = options;
  const names = tasks.flatMap((name) => {
    if (!Object.hasOwn(glueTasks, name))
      throw fault({
        code: "invalid-input",
        place: "downloadGlue",
        problem: `expected tasks of ${glueNames.join(", ")}, got ${name}`,
        type: RangeError,
      });
    return splitsOf(glueTasks[name]).map(({ hub }) => `${hub.folder}/${hub.split}-00000-of-00001.parquet`);
  });
  const base = `${hubUrl.replace(/\/+$/, "")}/datasets/nyu-mll/glue/resolve/${encodeURIComponent(revision)}`;
  const fetch = createFetch({
    accessToken: accessToken === undefined ? undefined : { value: accessToken, urls: [hubUrl] },
    retries,
    signal,
    maxBytes: largestFile,
  });
  const paths: string[] = [];
  for (const [done, name] of names.entries()) {
    const path = join(folder, name);
    const report = (bytes: number, totalBytes?: number) =>
      options.onProgress?.({ file: name, bytes, totalBytes, done, total: names.length });
    await removeLeftovers(dirname(path));
    if (!(await isThere(path))) await downloadFile(fetch, `${base}/${name}`, path, signal, report);
    paths.push(path);
  }
  return paths;
};

/** The largest file of GLUE has 50 MB. */
const largestFile = 2_000_000_000;

const downloadFile = async (
  fetch: typeof globalThis.fetch,
  url: string,
  path: string,
  signal: AbortSignal | undefined,
  report: (bytes: number, totalBytes?: number) => void,
): Promise<void> => {
  const fail = (got: string, code: FaultCode = "network", cause?: unknown): never => {
    const remedy = "check the network, the address of the hub and the revision, and try again";
    throw fault({ code, place: url, problem: `expected a Parquet file, got ${got}`, remedy, cause });
  };
  const response = await fetch(url).catch((error) => {
    signal?.throwIfAborted();
    return fail(explain(error).problem, codeOf(error), error);
  });
  if (response.status === 401 || response.status === 403)
    throw fault({
      code: "refused",
      place: url,
      problem: `expected a Parquet file, got HTTP status ${response.status}`,
      remedy: "set HF_TOKEN to a token of an account that may read it",
    });
  if (!response.ok || !response.body)
    return fail(`HTTP status ${response.status}`, response.status === 404 ? "not-found" : "network");
  const length = response.headers.get("content-length");
  // What is decoded on the way has another length.
  const totalBytes = length === null || response.headers.has("content-encoding") ? undefined : Number(length);
  const file = await createAtomicFile(path);
  let bytes = 0;
  let magic = "";
  try {
    try {
      for await (const chunk of response.body) {
        if (magic.length < 4) magic += Buffer.from(chunk.subarray(0, 4 - magic.length)).toString("latin1");
        await file.write(chunk);
        report((bytes += chunk.length), totalBytes);
      }
    } catch (error) {
      signal?.throwIfAborted();
      if (!hasCode(error, "network", "too-large")) throw error; // the disk's
      fail(`${bytes} bytes and then: ${explain(error).problem}`, codeOf(error), error);
    }
    if (totalBytes !== undefined && bytes !== totalBytes) fail(`${bytes} bytes and then the end`);
    if (magic !== "PAR1") fail(`${bytes} bytes of something else`, "damaged-file");
    await file.commit();
  } finally {
    await file.abort();
  }
};

const isThere = async (path: string): Promise<boolean> => {
  return access(path).then(
    () => true,
    () => false,
  );
};
