import { rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { hasCode } from "@cramkit/errors";
import { type Content, openDurableFile, partsOfContent, type WriteOptions, type WrittenFile } from "./durable-file.ts";
import { explained } from "./explained.ts";
import { makeFolder, syncFolder } from "./make-folder.ts";
import { nameInside } from "./name-inside.ts";
import { partialPath } from "./partial-name.ts";
import { forgetUnfinished, noteUnfinished } from "./unfinished.ts";

/** A folder that appears under its name only when it is complete. */
export interface AtomicFolder {
  /** Writes a file of the folder: each byte once, synced, under its own name, for the folder is itself a partial one. */
  write(name: string, content: Content, options?: WriteOptions): Promise<WrittenFile>;
  /** Syncs and renames. A folder that had the name is replaced: after a kill, `removeLeftovers` restores one of both. */
  commit(): Promise<void>;
  /** Removes what was written. Does nothing after `commit`. */
  abort(): Promise<void>;
}

/** Starts a folder beside its name. */
export const createAtomicFolder = async (path: string): Promise<AtomicFolder> => {
  const partial = partialPath(path);
  noteUnfinished(partial);
  await explained(path, makeFolder(partial));
  const folders = new Set([partial]);
  let isOpen = true;
  return {
    async write(name, content, { sha256 = false } = {}) {
      const file = nameInside(partial, name);
      const place = join(path, name);
      await explained(place, makeFolder(dirname(file)));
      folders.add(dirname(file));
      const durable = await openDurableFile(file, { sha256, place });
      try {
        for await (const chunk of partsOfContent(content)) await durable.write(chunk);
        return await durable.finish();
      } finally {
        await durable.discard();
      }
    },
    async commit() {
      for (const folder of folders) await explained(path, syncFolder(folder));
      await explained(path, rename(partial, path)).catch(async (error) => {
        if (!hasCode(error, "exists")) throw error;
        const replaced = partialPath(path, "replaced");
        await explained(path, rename(path, replaced));
        await explained(path, rename(partial, path));
        await explained(path, rm(replaced, { recursive: true, force: true }));
      });
      isOpen = false;
      forgetUnfinished(partial);
      await explained(path, syncFolder(dirname(path)));
    },
    async abort() {
      if (!isOpen) return;
      isOpen = false;
      await rm(partial, { recursive: true, force: true });
      forgetUnfinished(partial);
    },
  };
};

/** Removes a folder at once: a process that is killed in the middle of it leaves nothing under its name. */
export const removeFolder = async (path: string): Promise<void> => {
  const doomed = partialPath(path);
  try {
    await explained(path, rename(path, doomed));
  } catch (error) {
    if (hasCode(error, "not-found")) return;
    throw error;
  }
  await explained(path, rm(doomed, { recursive: true, force: true }));
};
