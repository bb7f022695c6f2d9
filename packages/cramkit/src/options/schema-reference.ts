import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve, sep } from "node:path";

const schemaFile = "@cramkit/recipes/recipe.schema.json";

/** Where a recipe in a folder finds its JSON Schema: in the packages installed at or above it, else beside this program. */
export const schemaReference = (folder: string): string => {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const installed = join(at, "node_modules", schemaFile);
    if (existsSync(installed)) return pathFrom(folder, installed);
    if (at === dirname(at)) break;
  }
  return pathFrom(folder, createRequire(import.meta.url).resolve(schemaFile));
};

const pathFrom = (folder: string, file: string): string => {
  const path = relative(resolve(folder), file).split(sep).join("/");
  return path.startsWith(".") ? path : `./${path}`;
};
