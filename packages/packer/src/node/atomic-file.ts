import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

/** A file that appears under its name only when it is complete: written beside it, synced, renamed. */
export interface AtomicFile {
  write(bytes: Uint8Array): Promise<void>;
  /** Syncs and renames. */
  commit(): Promise<void>;
  /** Removes what was written. Does nothing after `commit`. */
  abort(): Promise<void>;
}

export async function createAtomicFile(path: string): Promise<AtomicFile> {
  const temporary = `${path}.tmp`;
  const handle = await explained(path, open(temporary, "w"));
  let isOpen = true;
  const close = async () => {
    if (isOpen) await handle.close();
    isOpen = false;
  };
  return {
    async write(bytes) {
      await explained(path, writeAll(handle, bytes));
    },
    async commit() {
      await explained(path, handle.sync());
      await close();
      await explained(path, rename(temporary, path));
      await syncDirectory(dirname(path));
    },
    async abort() {
      if (!isOpen) return;
      await close().catch(() => {});
      await rm(temporary, { force: true });
    },
  };
}

export async function writeFileAtomically(path: string, content: string | Uint8Array): Promise<void> {
  const file = await createAtomicFile(path);
  try {
    await file.write(typeof content === "string" ? new TextEncoder().encode(content) : content);
    await file.commit();
  } finally {
    await file.abort();
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.byteLength; ) at += (await handle.write(bytes, at)).bytesWritten;
}

/** Makes a rename durable. Not every platform can open a folder; there the rename is as durable as the platform makes it. */
async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, "r").catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}

const remedies: Record<string, string> = {
  ENOSPC: "the disk is full; free some space and run again, what is finished is kept",
  EDQUOT: "the disk quota is used up; free some space and run again, what is finished is kept",
  EROFS: "the file system is read-only; choose another folder",
  EACCES: "permission denied; choose a folder that you may write to",
};

/** Gives errors of writing the name of the final file and what to do. */
async function explained<T>(path: string, action: Promise<T>): Promise<T> {
  try {
    return await action;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    const remedy = remedies[code];
    if (remedy === undefined) throw error;
    throw Object.assign(new Error(`cannot write ${path}: ${remedy} (${code})`, { cause: error }), { code, path });
  }
}
