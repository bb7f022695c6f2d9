import { resolve } from "node:path";
import { fault } from "@cramkit/errors";
import { nearest } from "../recipe/nearest.ts";
import { parseRecipe, type Recipe } from "../recipe/recipe.ts";
import { isLoadable, loadFile } from "./load-file.ts";
import { type RecipeName, recipes } from "./recipes.ts";

/** A recipe by its name, or from a file: JSON, or a module whose default export is a recipe or a function that makes one. */
export const findRecipe = async (nameOrFile: string): Promise<Recipe> => {
  if (isLoadable(nameOrFile)) return parseRecipe(await loadFile(resolve(nameOrFile), "recipe"), nameOrFile);
  const make = Object.hasOwn(recipes, nameOrFile) ? recipes[nameOrFile as RecipeName] : undefined;
  if (make) return parseRecipe(make(), nameOrFile);
  throw fault({
    code: "invalid-input",
    problem: `no recipe "${nameOrFile}"`,
    remedy: `there is ${nearest(nameOrFile, Object.keys(recipes)).join(", ")}, or name a .json, .js or .ts file`,
    type: RangeError,
  });
};
