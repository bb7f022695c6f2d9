import { basename, dirname, resolve } from "node:path";
import { fault, isFault, shown } from "@cramkit/errors";
import { withOrigin } from "../origin/origin.ts";
import { nearest } from "../recipe/nearest.ts";
import { overlay } from "../recipe/overlay.ts";
import { parseRecipe, type Recipe } from "../recipe/recipe.ts";
import { shortened } from "../recipe/shortened.ts";
import { isLoadable, loadFile } from "./load-file.ts";
import { type RecipeName, recipes } from "./recipes.ts";

/**
 * A recipe by its name, or from a file: JSON, or a module whose default export is a recipe or a function that makes one. A
 * file may extend another recipe, by its name or its path relative to the file, and hold only what it changes.
 */
export const findRecipe = async (nameOrFile: string): Promise<Recipe> => {
  if (isLoadable(nameOrFile)) return readRecipe({ file: resolve(nameOrFile), shown: nameOrFile }, []);
  const make = madeBy(nameOrFile);
  if (make) return parseRecipe(make(), nameOrFile);
  throw fault({
    code: "invalid-input",
    problem: `no recipe "${shortened(nameOrFile)}"`,
    remedy: `there is ${nearest(nameOrFile, Object.keys(recipes)).join(", ")}, or name a .json, .js or .ts file`,
    type: RangeError,
  });
};

const madeBy = (name: string): (() => Recipe) | undefined =>
  Object.hasOwn(recipes, name) ? recipes[name as RecipeName] : undefined;

/** A file of a recipe, and how messages name it. */
interface RecipeSource {
  readonly file: string;
  readonly shown: string;
}

/** Reads a file with everything that it extends; `trail` holds the files that led to it. */
const readRecipe = async ({ file, shown }: RecipeSource, trail: readonly RecipeSource[]): Promise<Recipe> => {
  const value = await loadFile(file, "recipe");
  if (typeof value !== "object" || value === null || Array.isArray(value) || !("extends" in value))
    return parseRecipe(value, shown);
  const { extends: base, $schema: _, ...changes } = value as Record<string, unknown>;
  const from = await readBase(base, { file, shown }, [...trail, { file, shown }]);
  const named = { ...from, name: nameOf(file) };
  const recipe = parseRecipe(overlay(named, changes), shown);
  if (recipe.training.from === from.training.from) return recipe;
  // What it goes on from brings model and tokenizer; what the file says of these comes on top, and must fit.
  return parseRecipe(overlay({ ...(await withOrigin(recipe)), name: recipe.name }, changes), shown);
};

const readBase = async (base: unknown, { file, shown: place }: RecipeSource, trail: readonly RecipeSource[]) => {
  const complain = (problem: string, remedy: string, cause?: unknown) =>
    fault({ code: "invalid-input", place, problem: `extends: ${problem}`, remedy, type: RangeError, cause });
  const names = Object.keys(recipes);
  if (typeof base !== "string")
    throw complain(`expected the name of a recipe or of a file, got ${shown(base)}`, `as in "${names[0]}"`);
  if (!isLoadable(base)) {
    const make = madeBy(base);
    if (make) return parseRecipe(make(), base);
    throw complain(
      `there is no recipe "${shortened(base)}"`,
      `available: ${nearest(base, names).join(", ")}, or a .json, .js or .ts file, relative to this one`,
    );
  }
  const next = { file: resolve(dirname(file), base), shown: base };
  const start = trail.findIndex((before) => before.file === next.file);
  if (start >= 0) {
    const circle = [...trail.slice(start), next].map((one) => one.shown).join(" -> ");
    throw complain(`expected a recipe that does not lead back here, got ${circle}`, "extend another recipe");
  }
  try {
    return await readRecipe(next, trail);
  } catch (error) {
    if (!isMissing(error, next.file)) throw error;
    throw complain(`there is no file ${base}`, "name a file relative to this one, or a recipe", error);
  }
};

const isMissing = (error: unknown, file: string): boolean =>
  isFault(error) && error.code === "not-found" && error.place === file;

/** A recipe without a name is called as its file. */
const nameOf = (file: string): string =>
  basename(file)
    .replace(/\.[^.]*$/, "")
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, "-")
    .replace(/^[^a-z0-9]+/, "")
    .slice(0, 100) || "recipe";
