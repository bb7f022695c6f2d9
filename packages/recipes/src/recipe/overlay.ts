import { type PresetName, preset } from "@cramkit/model";
import { replacements } from "./replacements.ts";
import { recipeModel } from "./schema/model-schema.ts";

type Tree = Record<string, unknown>;

const isTree = (value: unknown): value is Tree => typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * A recipe with the fields that another one gives: lists are replaced as a whole, everything else field by field. Another
 * optimizer or averaging brings its own fields with it, and `model` may be the name of an architecture.
 */
export const overlay = (base: unknown, changes: unknown, path = ""): unknown => {
  if (path === "model" && typeof changes === "string") return recipeModel(preset(changes as PresetName));
  if (!isTree(base) || !isTree(changes)) return changes;
  const { field, begin } = replacements[path] ?? {};
  const from = field !== undefined && field in changes ? (begin!(base, changes[field]) as Tree) : base;
  const entries = Object.entries(changes).map(([key, value]) => [
    key,
    overlay(Object.hasOwn(from, key) ? from[key] : undefined, value, path ? `${path}.${key}` : key),
  ]);
  return { ...from, ...Object.fromEntries(entries) };
};
