import { realpath, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { checkOptions } from "@cramkit/errors";
import { type Content, openDurableFile, partsOfContent, type WriteOptions, type WrittenFile } from "./durable-file.ts";
import { explained } from "./explained.ts";
import { makeFolder, syncFolder } from "./make-folder.ts";
import { partialPath } from "./partial-name.ts";
import { forgetUnfinished, noteUnfinished } from "./unfinished.ts";

/** A file that appears under its name only when it is complete. */
export interface AtomicFile {
  /** Appends. Wait for one call before the next. */
  write(chunk: string | Uint8Array): Promise<void>;
  /** Syncs, renames, and syncs the folder. */
  commit(): Promise<WrittenFile>;
  /** Removes what was written. Does nothing after `commit`. */
  abort(): Promise<void>;
}

/**
 * Starts a file beside its name. Its folder is made if it is missing; if `path` is a symbolic link, what it points to is
 * replaced; a device or a pipe (`/dev/stdout`) is written into as it is.
 */
export const createAtomicFile = async (path: string, options: WriteOptions = {}): Promise<AtomicFile> => {
  checkOptions("createAtomicFile", options, { sha256: true });
  const { sha256 = false } = options;
  const final = await realpath(path).catch(() => path);
  const isPlain = await stat(final).then(
    (found) => found.isFile() || found.isDirectory(), // the rename refuses a folder
    () => true,
  );
  if (isPlain) await makeFolder(dirname(final));
  const partial = isPlain ? partialPath(final) : final;
  if (isPlain) noteUnfinished(partial);
  const file = await openDurableFile(partial, { sha256, place: path, isPlain });
  return {
    write: file.write,
    async commit() {
      const written = await file.finish();
      if (!isPlain) return written;
      try {
        await explained(path, rename(partial, final));
      } catch (error) {
        await rm(partial, { force: true });
        throw error;
      } finally {
        forgetUnfinished(partial);
      }
      await explained(path, syncFolder(dirname(final)));
      return written;
    },
    async abort() {
      await file.discard();
      forgetUnfinished(partial);
    },
  };
};

/** Writes a whole file: a reader sees the old content or the new, never a part, also after a kill or a power cut. */
export const writeFileAtomic = async (
  path: string,
  content: Content,
  options: WriteOptions = {},
): Promise<WrittenFile> => {
  checkOptions("writeFileAtomic", options, { sha256: true });
  const file = await createAtomicFile(path, options);
  try {
    for await (const chunk of partsOfContent(content)) await file.write(chunk);
    return await file.commit();
  } finally {
    await file.abort();
  }
};
