import { differences } from "../recipe/difference.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { readJson, readRun, runFiles } from "../run-record.ts";

/** A run folder belongs to one recipe: going on with another would mix two runs. */
export const requireSameRecipe = async (folder: string, recipe: Recipe): Promise<void> => {
  if ((await readJson(runFiles(folder).recipe)) === undefined) return;
  const [first, ...rest] = differences((await readRun(folder)).recipe, recipe);
  if (!first) return;
  throw new Error(
    `${folder} holds a run of another recipe: ${first.path} is ${JSON.stringify(first.left)} there and ${JSON.stringify(first.right)} here${rest.length > 0 ? `, and ${rest.length} more` : ""}; name another folder with --dir`,
  );
};
