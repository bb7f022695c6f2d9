import { open, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Syncs a file or a folder to the disk. */
export const sync = async (path: string): Promise<void> => {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

/** Writes beside `path`, syncs and renames: a reader sees the old content or the new, never a part. */
export const writeFileAtomic = async (path: string, content: string | Uint8Array): Promise<void> => {
  const partial = `${path}.${process.pid}.partial`;
  try {
    const handle = await open(partial, "w");
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  await sync(dirname(path));
};

/** Removes what killed processes left of their `writeFileAtomic` below a folder. */
export const removeLeftovers = async (folder: string): Promise<void> => {
  for (const name of await readdir(folder, { recursive: true })) {
    const [, pid] = /\.(\d+)\.partial$/.exec(name) ?? [];
    if (pid !== undefined && !isAlive(Number(pid))) await rm(join(folder, name), { force: true });
  }
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
};
