import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { explain, fault, hasCode } from "@cramkit/errors";
import { createResumableFile, fileDigest, nameInside, type ResumableFile } from "@cramkit/files";
import { createPatience, wait } from "@cramkit/files/fetch";
import { downloadFile, fileDownloadInfo } from "@huggingface/hub";
import { explained, type Hub } from "./access.ts";

interface HubFile extends Hub {
  /** `owner/name` of a dataset. */
  name: string;
  revision: string;
  path: string;
  cacheFolder: string;
}

/**
 * The path of a file of a dataset on this machine. It is downloaded unless the cache has it under its etag; a partial
 * download is continued where it stopped, also by a later process. Size and, if the etag is a SHA-256, contents are
 * checked before the file gets its name.
 */
export const cachedHubFile = async (file: HubFile): Promise<string> => {
  const { name, revision, path, cacheFolder, hubUrl, fetch } = file;
  const repo = { type: "dataset" as const, name };
  const params = { repo, revision, path: encodedPath(path), hubUrl, fetch };
  const where = `hf://datasets/${name}@${revision}/${shownPath(path)}`;
  const info = await explained(where, file, () => fileDownloadInfo(params));
  if (!info)
    throw fault({
      code: "not-found",
      place: "hubDocuments",
      problem: `expected the file ${where}, got none`,
      remedy: "check its path",
      type: RangeError,
    });
  const etag = info.etag.replace(/^W\//, "").replace(/\W/g, "") || "none";
  const target = nameInside(cacheFolder, `${name.replace("/", "--")}/${etag}/${basename(path)}`, where);
  if ((await sizeOf(target)) === info.size) return target;

  const cached = await createResumableFile(target);
  try {
    await explained(where, file, () =>
      retried(where, file, cached, async () => {
        if (cached.bytes > info.size) await cached.clear();
        if (cached.bytes < info.size) {
          const blob = await downloadFile({ ...params, downloadInfo: info });
          if (!blob) throw fault({ code: "not-found", place: where, problem: "it vanished" });
          const rest = cached.bytes > 0 ? blob.slice(cached.bytes, info.size) : blob;
          for await (const chunk of rest.stream()) {
            await cached.write(chunk);
            if (cached.bytes > info.size) break; // more than was announced
          }
        }
        await checkContents(cached, info.size, etag, where);
      }),
    );
    await cached.commit();
  } finally {
    await cached.keep();
  }
  return target;
};

const checkContents = async (file: ResumableFile, size: number, etag: string, where: string): Promise<void> => {
  const { bytes } = file;
  if (bytes < size)
    throw fault({ code: "network", place: where, problem: `the connection ended after ${bytes} of ${size} bytes` });
  const isWrongSize = bytes > size;
  if (!isWrongSize && !/^[0-9a-f]{64}$/.test(etag)) return;
  if (!isWrongSize && (await fileDigest(file.partial)).sha256 === etag) return;
  await file.clear();
  const expected = isWrongSize ? "size" : "SHA-256";
  throw fault({
    code: "network",
    place: where,
    problem: `what was downloaded does not have the announced ${expected}`,
  });
};

/** Continues a download that broke off. Requests that fail are repeated by the `fetch` of the hub. */
const retried = async <T>(
  where: string,
  { retries, signal, onWait }: Hub,
  cached: ResumableFile,
  attempt: () => Promise<T>,
): Promise<T> => {
  const patience = createPatience(retries);
  for (;;) {
    const from = performance.now();
    const before = cached.bytes;
    try {
      return await attempt();
    } catch (error) {
      signal?.throwIfAborted();
      const brought = { bytes: cached.bytes - before };
      const ms = hasCode(error, "network") ? patience(performance.now() - from, brought) : undefined;
      if (ms === undefined) throw error;
      onWait({ url: where, ms, reason: explain(error).problem });
      await wait(ms, signal);
    }
  }
};

/** A path of a server as a message may show it: one line, and not all of a long one. */
const shownPath = (path: string): string => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  const line = path.replace(/[\0-\x1f\x7f]/g, encodeURIComponent);
  return line.length > 300 ? `${line.slice(0, 300)}...` : line;
};

/** A path as a part of an address: a name may hold `#`, `?` and `%`. */
export const encodedPath = (path: string): string => path.split("/").map(encodeURIComponent).join("/");

const sizeOf = async (path: string): Promise<number | undefined> => {
  try {
    return (await stat(path)).size;
  } catch {
    return undefined;
  }
};
