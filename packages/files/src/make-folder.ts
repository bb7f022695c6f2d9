import { mkdir, open, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { fault, toFault } from "@cramkit/errors";
import { noteMade } from "./unfinished.ts";

/**
 * Makes a folder and those above it, durably: none of them is gone after a power cut. Does nothing if it is there.
 *
 * Node's recursive `mkdir` reports a read-only file system as "no such file", and never returns below /proc.
 */
export const makeFolder = async (path: string): Promise<void> => {
  const missing: string[] = [];
  try {
    for (let at = resolve(path); !(await isFolder(at)); at = dirname(at)) missing.push(at);
    for (const folder of missing.reverse()) {
      await mkdir(folder).then(
        () => noteMade(folder),
        async (error: NodeJS.ErrnoException) => {
          if (error.code !== "EEXIST" || !(await isFolder(folder))) throw error; // made by somebody else meanwhile
        },
      );
      await syncFolder(dirname(folder));
    }
  } catch (error) {
    throw toFault(error, { place: path });
  }
};

/** Whether there is a folder; throws if something else is there. */
export const isFolder = async (path: string): Promise<boolean> => {
  try {
    if ((await stat(path)).isDirectory()) return true;
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (["ENOENT", "ENOTDIR"].includes(code) && path !== dirname(path)) return false;
    throw error;
  }
  throw fault({
    code: "exists",
    place: path,
    problem: "expected a folder, got a file",
    remedy: "choose another folder",
  });
};

/** Makes a rename, or a new file, in a folder durable. */
export const syncFolder = async (path: string): Promise<void> => {
  try {
    const handle = await open(path, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    // Not every platform can open a folder, or sync it; there a rename is as durable as the platform makes it.
    const code = (error as NodeJS.ErrnoException).code ?? "";
    if (!["EISDIR", "EPERM", "EACCES", "EINVAL", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EBADF"].includes(code))
      throw error;
  }
};
