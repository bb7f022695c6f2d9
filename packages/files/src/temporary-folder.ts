import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { explained } from "./explained.ts";
import { removeLeftovers } from "./leftovers.ts";
import { makeFolder } from "./make-folder.ts";
import { partialPath } from "./partial-name.ts";
import { noteUnfinished } from "./unfinished.ts";

/**
 * Makes a folder for intermediate files in `parent`, and removes those that killed processes left there. The caller removes it.
 *
 * @returns Its path.
 */
export const createTemporaryFolder = async (parent: string, name: string): Promise<string> => {
  await makeFolder(parent);
  await removeLeftovers(parent);
  const path = partialPath(join(parent, name));
  noteUnfinished(path);
  await explained(path, mkdir(path));
  return path;
};
