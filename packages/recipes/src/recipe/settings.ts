import { fault } from "@cramkit/errors";
import { type PresetName, preset } from "@cramkit/model";
import { nearest } from "./nearest.ts";
import { parseRecipe, type Recipe } from "./recipe.ts";
import { replacements } from "./replacements.ts";
import { recipeModel } from "./schema/model-schema.ts";
import { shortened } from "./shortened.ts";

type Tree = Record<string, unknown>;

/** Fields that a model takes from another place of its recipe. */
const taken = new Map([
  ["vocabSize", "tokenizer.vocabSize"],
  ["dropout", "training.dropout"],
  ["attentionDropout", "training.dropout"],
]);

interface Setting {
  readonly path: string;
  readonly keys: readonly string[];
  readonly value: unknown;
}

/**
 * Applies `key.path=value` settings, as of `--set`, to a recipe. Values are JSON if they parse as such, else text. A
 * key must exist in the recipe; the whole is checked again. Another `training.optimizer.name` brings its own
 * hyperparameters with it, `training.averaging.kind` its own fields, and `model` may be the name of an architecture of the study.
 *
 * What replaces a whole comes first and fields of it after, whatever the order of the settings; of two settings of one path the
 * later one holds.
 *
 * @throws RangeError naming the setting
 */
export const applySettings = (recipe: Recipe, settings: readonly string[]): Recipe => {
  const copy = structuredClone(parseRecipe(recipe, recipe.name)) as Tree;
  // The outer ones first; sorting keeps the order of equals.
  const ordered = settings.map(parseSetting).sort((a, b) => rank(a) - rank(b));
  for (const { path, keys, value } of ordered) {
    const parents = keys.slice(0, -1);
    const last = keys.at(-1)!;
    const replacement = replacementOf(keys);
    if (replacement) {
      const owner = parents.at(-1)!;
      const grandparent = parents.slice(0, -1).reduce((node, key) => child(node, key, path) as Tree, copy);
      grandparent[owner] = replacement.begin(child(grandparent, owner, path) as Tree | null, value);
      continue;
    }
    const node = parents.reduce((node, key) => child(node, key, path) as Tree, copy);
    child(node, last, path);
    node[last] = path === "model" && typeof value === "string" ? recipeModel(preset(value as PresetName)) : value;
  }
  return parseRecipe(copy, "--set");
};

/**
 * The key and the value of a `key=value` setting. The value is JSON if it parses as such, else text.
 *
 * @throws a fault `invalid-input` for a setting without a key or "="
 */
export const readSetting = (setting: string): { path: string; value: unknown } => {
  const at = setting.indexOf("=");
  if (at < 1)
    throw fault({
      code: "invalid-input",
      place: "--set",
      problem: `expected KEY=VALUE, as in training.batchSize=512, got "${setting}"`,
      type: RangeError,
    });
  return { path: setting.slice(0, at), value: parseValue(setting.slice(at + 1)) };
};

const parseSetting = (setting: string): Setting => {
  const { path, value } = readSetting(setting);
  const source = path.startsWith("model.") ? taken.get(path.slice("model.".length)) : undefined;
  if (source)
    throw fault({
      code: "invalid-input",
      place: `--set ${path}`,
      problem: `a recipe takes it from ${source}`,
      remedy: "set that",
      type: RangeError,
    });
  return { path, keys: path.split("."), value };
};

/** A kind replaces what it stands in: after that is replaced as a whole, before any other field of it is set. */
const rank = ({ keys }: Setting): number => keys.length - (replacementOf(keys) ? 0.5 : 0);

const replacementOf = (keys: readonly string[]) => {
  const owner = keys.slice(0, -1).join(".");
  const replacement = Object.hasOwn(replacements, owner) ? replacements[owner] : undefined;
  return replacement?.field === keys.at(-1) ? replacement : undefined;
};

const child = (node: unknown, key: string, path: string): unknown => {
  const isTree = typeof node === "object" && node !== null && !Array.isArray(node);
  if (isTree && Object.hasOwn(node as Tree, key)) return (node as Tree)[key];
  const known = isTree ? nearest(key, Object.keys(node as Tree)) : [];
  throw fault({
    code: "invalid-input",
    place: `--set ${shortened(path)}`,
    problem: `unknown setting "${shortened(key)}"${known.length > 0 ? `; available: ${known.join(", ")}` : ""}`,
    type: RangeError,
  });
};

const parseValue = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};
