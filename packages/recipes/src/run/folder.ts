import { access, constants, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { differences } from "../recipe/difference.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { readJson, readRun, runFiles } from "../run-record.ts";

/** Tells at once, and not when the data is prepared, of a folder that cannot be written to. */
export const requireWritable = async (folder: string): Promise<void> => {
  for (let path = resolve(folder); ; path = dirname(path)) {
    const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT" && error.code !== "ENOTDIR") throw error;
    });
    if (found?.isDirectory()) return access(path, constants.W_OK);
    if (found) throw new RangeError(`${folder}: expected a folder, got the file ${path}; name another folder`);
  }
};

/** A run folder belongs to one recipe: going on with another would mix two runs. */
export const requireSameRecipe = async (folder: string, recipe: Recipe): Promise<void> => {
  if ((await readJson(runFiles(folder).recipe)) === undefined) return;
  const [first, ...rest] = differences((await readRun(folder)).recipe, recipe);
  if (!first) return;
  throw new Error(
    `${folder} holds a run of another recipe: ${first.path} is ${JSON.stringify(first.left)} there and ${JSON.stringify(first.right)} here${rest.length > 0 ? `, and ${rest.length} more` : ""}; name another folder with --dir`,
  );
};
