import { open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { explained } from "./explained.ts";
import { adoptPartial } from "./leftovers.ts";
import { makeFolder, syncFolder } from "./make-folder.ts";
import { releasedName } from "./partial-name.ts";

/** A file that appears under its name only when it is complete, and whose beginning outlives its process, as of a download. */
export interface ResumableFile {
  /** How much there is: at first what an earlier process left. */
  readonly bytes: number;
  /** Where it is until it is complete, for checks. */
  readonly partial: string;
  /** Appends. Wait for one call before the next. */
  write(chunk: Uint8Array): Promise<void>;
  /** Begins again. */
  clear(): Promise<void>;
  /** Syncs, renames, and syncs the folder. */
  commit(): Promise<void>;
  /** Leaves what there is to whoever continues it, in this process or a later one. Does nothing after `commit`. */
  keep(): Promise<void>;
}

/** Goes on with what a process that has ended, or gave up, wrote of `path`; otherwise begins it. */
export const createResumableFile = async (path: string): Promise<ResumableFile> => {
  await makeFolder(dirname(path));
  const partial = await adoptPartial(path);
  const handle = await explained(path, open(partial, "a"));
  let { size: bytes } = await handle.stat();
  let isOpen = true;
  return {
    partial,
    get bytes() {
      return bytes;
    },
    async write(chunk) {
      await explained(path, handle.appendFile(chunk));
      bytes += chunk.byteLength;
    },
    async clear() {
      await explained(path, handle.truncate(0));
      bytes = 0;
    },
    async commit() {
      await explained(path, handle.sync());
      isOpen = false;
      await handle.close();
      await explained(path, rename(partial, path));
      await explained(path, syncFolder(dirname(path)));
    },
    async keep() {
      if (!isOpen) return;
      isOpen = false;
      const { size } = await handle.stat();
      await handle.close();
      if (size === 0) await rm(partial, { force: true });
      else await rename(partial, join(dirname(path), releasedName(basename(partial))));
    },
  };
};
