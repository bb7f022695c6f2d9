import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";
import { downloadFile, fileDownloadInfo } from "@huggingface/hub";

export interface HubAccess {
  /** Access token of an account that may read the dataset (`hf_...`); `HF_TOKEN` of the environment where there is none. */
  accessToken?: string;
  /** Address of the hub. */
  hubUrl?: string;
  fetch?: typeof fetch;
  /** Times that an interrupted download is continued, or a request that failed or came too soon is made again. */
  retries?: number;
}

interface HubFile extends Omit<HubAccess, "retries"> {
  retries: number;
  /** `owner/name` of a dataset. */
  name: string;
  revision: string;
  path: string;
  cacheFolder: string;
}

/**
 * The path of a file of a dataset on this machine. It is downloaded unless the cache has it under its etag; a partial
 * download is continued where it stopped, also by a later process. Size and, where the etag is a SHA-256, contents are
 * checked before the file gets its name.
 */
export async function cachedHubFile(file: HubFile): Promise<string> {
  const { name, revision, path, cacheFolder, hubUrl, fetch, accessToken, retries } = file;
  const repo = { type: "dataset" as const, name };
  const params = { repo, revision, path: encodedPath(path), hubUrl, fetch, accessToken };
  const where = `hf://datasets/${name}@${revision}/${path}`;
  const info = await explained(where, () => retried(retries, () => fileDownloadInfo(params)));
  if (!info) throw new RangeError(`hubDocuments: expected the file ${where}, got none; check its path`);
  const etag = info.etag.replace(/^W\//, "").replace(/\W/g, "");
  const target = join(cacheFolder, name.replace("/", "--"), etag, basename(path));
  if ((await sizeOf(target)) === info.size) return target;

  await mkdir(dirname(target), { recursive: true });
  const partial = `${target}.partial`;
  await explained(where, () =>
    retried(retries, async () => {
      let have = (await sizeOf(partial)) ?? 0;
      if (have > info.size) {
        await rm(partial);
        have = 0;
      }
      if (have < info.size) {
        const blob = await downloadFile({ ...params, downloadInfo: info });
        if (!blob) throw new Error(`${where} vanished`);
        const rest = (have > 0 ? blob.slice(have, info.size) : blob).stream() as ReadableStream;
        await pipeline(Readable.fromWeb(rest), createWriteStream(partial, { flags: "a" }));
      }
      await checkContents(partial, info.size, etag, where);
    }),
  );
  const handle = await open(partial, "r+");
  await handle.sync();
  await handle.close();
  await rename(partial, target);
  return target;
}

async function checkContents(path: string, size: number, etag: string, where: string): Promise<void> {
  const have = (await sizeOf(path)) ?? 0;
  if (have < size) throw new Error(`${where}: the connection ended after ${have} of ${size} bytes`);
  const isWrongSize = have > size;
  if (!isWrongSize && !/^[0-9a-f]{64}$/.test(etag)) return;
  if (!isWrongSize) {
    const hash = createHash("sha256");
    await pipeline(createReadStream(path), hash);
    if (hash.digest("hex") === etag) return;
  }
  await rm(path);
  throw new Error(`${where}: what was downloaded does not have the announced ${isWrongSize ? "size" : "SHA-256"}`);
}

/** Calls again after a failure that another attempt may mend: not one of access or of a wrong address. */
export async function retried<T>(retries: number, attempt: () => Promise<T>): Promise<T> {
  for (let failed = 0; ; failed++) {
    try {
      return await attempt();
    } catch (error) {
      const status = statusOf(error);
      const isRefused = status !== undefined && status >= 400 && status < 500 && status !== 408 && status !== 429;
      if (isRefused || (error as NodeJS.ErrnoException).code === "ENOSPC" || failed >= retries) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.min(30_000, 200 * 2 ** failed)));
    }
  }
}

/** A path as a part of an address: a name may hold `#`, `?` and `%`. */
export function encodedPath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

/** Adds to a refusal of the hub what can be done about it. */
export async function explained<T>(where: string, attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt();
  } catch (cause) {
    const status = statusOf(cause);
    const message = cause instanceof Error ? cause.message : String(cause);
    if (status === 401 || status === 403) {
      throw new Error(
        `hubDocuments: no access to ${where} (${status}); pass the token of an account that has it, accept the terms on ` +
          "its page if there are any, and check the name: the hub says the same of what does not exist",
        { cause },
      );
    }
    if (status === 404) throw new RangeError(`hubDocuments: ${where} does not exist (404); check its name`, { cause });
    throw new Error(`hubDocuments: cannot read ${where}: ${message}; run again to continue`, { cause });
  }
}

function statusOf(error: unknown): number | undefined {
  return (error as { statusCode?: number } | undefined)?.statusCode;
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch {
    return undefined;
  }
}
