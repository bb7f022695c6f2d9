import type { Dirent } from "node:fs";
import { readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { checkOptions, hasCode, toFault } from "@cramkit/errors";
import { parsePartialName, partialPath, stem } from "./partial-name.ts";

/** A file of another machine that nobody wrote to for so long has no writer any more. */
const abandonedMs = 3_600_000;

export interface LeftoversOptions {
  /**
   * Look into the folders below, too.
   *
   * @defaultValue `false`
   */
  readonly recursive?: boolean;
}

/**
 * Removes what killed processes left half-written in a folder, and nothing of a process that lives. A folder that was moved
 * aside for a successor which never came gets its name back. Does nothing if the folder does not exist.
 */
export const removeLeftovers = async (folder: string, options: LeftoversOptions = {}): Promise<void> => {
  checkOptions("removeLeftovers", options, { recursive: true });
  const { recursive = false } = options;
  for (const entry of await entriesOf(folder)) {
    const path = join(folder, entry.name);
    const left = parsePartialName(entry.name);
    if (left && (await isAbandoned(path, left.owner))) {
      const isRestored = left.kind === "replaced" && (await restore(path, join(folder, left.stem)));
      if (!isRestored) await rm(path, { recursive: true, force: true });
    } else if (recursive && entry.isDirectory()) await removeLeftovers(path, { recursive });
  }
};

/**
 * The temporary name for continuing `path`, as a download: what a killed process had of it is taken over, by one process
 * alone, and the rest of such leftovers is removed. The file may not exist yet.
 */
export const adoptPartial = async (path: string): Promise<string> => {
  const mine = partialPath(path);
  const found: { name: string; size: number }[] = [];
  for (const { name } of await entriesOf(dirname(path))) {
    const left = parsePartialName(name);
    if (left?.kind !== "partial" || left.stem !== stem(path)) continue;
    const at = join(dirname(path), name);
    if (await isAbandoned(at, left.owner)) found.push({ name: at, size: (await sizeOf(at)) ?? 0 });
  }
  let isAdopted = false;
  for (const { name } of found.sort((a, b) => b.size - a.size)) {
    if (isAdopted) await rm(name, { force: true });
    else
      isAdopted = await rename(name, mine).then(
        () => true,
        () => false,
      ); // another process was faster
  }
  return mine;
};

const entriesOf = async (folder: string): Promise<Dirent[]> => {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    const fault = toFault(error, { place: folder });
    if (hasCode(fault, "not-found")) return [];
    throw fault;
  }
};

const isAbandoned = async (path: string, owner: "alive" | "dead" | "elsewhere"): Promise<boolean> => {
  if (owner !== "elsewhere") return owner === "dead";
  const changed = await stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
  return changed !== undefined && Date.now() - changed > abandonedMs;
};

const restore = async (path: string, name: string): Promise<boolean> => {
  if ((await sizeOf(name)) !== undefined) return false;
  return rename(path, name).then(
    () => true,
    () => false,
  );
};

const sizeOf = (path: string): Promise<number | undefined> =>
  stat(path).then(
    ({ size }) => size,
    () => undefined,
  );
