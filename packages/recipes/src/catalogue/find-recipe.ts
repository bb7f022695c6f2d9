import { readFile } from "node:fs/promises";
import { extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { fault, problemOf } from "@cramkit/errors";
import { createJiti } from "jiti";
import { nearest } from "../recipe/nearest.ts";
import { parseRecipe, type Recipe } from "../recipe/recipe.ts";
import { type RecipeName, recipes } from "./recipes.ts";

const isFile = /\.(json|[cm]?[jt]s)$/;

/** A recipe by its name, or from a file: JSON, or a module whose default export is a recipe or a function that makes one. */
export const findRecipe = async (nameOrFile: string): Promise<Recipe> => {
  if (isFile.test(nameOrFile)) return parseRecipe(await load(resolve(nameOrFile)), nameOrFile);
  const make = Object.hasOwn(recipes, nameOrFile) ? recipes[nameOrFile as RecipeName] : undefined;
  if (make) return parseRecipe(make(), nameOrFile);
  throw new RangeError(
    `no recipe "${nameOrFile}"; there is ${nearest(nameOrFile, Object.keys(recipes)).join(", ")}, or name a .json, .js or .ts file`,
  );
};

const load = async (file: string): Promise<unknown> => {
  if (extname(file) === ".json") {
    const text = await readFile(file, "utf8");
    try {
      return JSON.parse(text);
    } catch (error) {
      throw fault({
        code: "invalid-input",
        place: file,
        problem: `expected JSON, got ${problemOf(error)}`,
        type: SyntaxError,
        cause: error,
      });
    }
  }
  // Node 20 cannot read TypeScript on its own. No cache: it would lie in a folder for temporary files, which others write to.
  const jiti = createJiti(pathToFileURL(file).href, { fsCache: false });
  const made = await jiti.import(file, { default: true }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") throw error;
    throw fault({
      code: "invalid-input",
      place: file,
      problem: `expected a module that exports a recipe, got ${problemOf(error)}`,
      cause: error,
    });
  });
  return typeof made === "function" ? made() : made;
};
