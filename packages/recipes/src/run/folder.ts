import { fault } from "@cramkit/errors";
import { differences } from "../recipe/difference.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { type RunData, readJson, readRecord, readRun, runFiles, runFormat } from "../run-record.ts";

/** A run can only be continued with the random numbers that it was begun with. */
export const requireRunFormat = async (folder: string): Promise<void> => {
  const files = runFiles(folder);
  if ((await readJson(files.recipe)) === undefined) return;
  const format = (await readRecord<RunData>(files.data))?.format ?? 1;
  if (format === runFormat) return;
  const isNewer = format > runFormat;
  throw fault({
    code: "version-mismatch",
    place: folder,
    problem: `expected a run of format ${runFormat}, got one of format ${format}${isNewer ? "" : ", begun with other random numbers"}`,
    remedy: isNewer
      ? "update cramkit to go on with it"
      : "start anew in another folder, or finish this one with the version that began it",
  });
};

/** A run folder belongs to one recipe: going on with another would mix two runs. */
export const requireSameRecipe = async (folder: string, recipe: Recipe): Promise<void> => {
  if ((await readJson(runFiles(folder).recipe)) === undefined) return;
  const [first, ...rest] = differences((await readRun(folder)).recipe, recipe);
  if (!first) return;
  throw fault({
    code: "exists",
    problem: `${folder} holds a run of another recipe: ${first.path} is ${JSON.stringify(first.left)} there and ${JSON.stringify(first.right)} here${rest.length > 0 ? `, and ${rest.length} more` : ""}`,
    remedy: "name another folder with --dir",
  });
};
