import { type PresetName, preset } from "@cramkit/model";
import { studyLearningRate, studyOptimizerNames } from "@cramkit/optim";
import { nearest } from "./nearest.ts";
import { parseRecipe, type Recipe } from "./recipe.ts";
import { studyAdamw } from "./study-adamw.ts";

type Tree = Record<string, unknown>;

/** Fields that a model takes from another place of its recipe. */
const taken = new Map([
  ["model.vocabSize", "tokenizer.vocabSize"],
  ["model.dropout", "training.dropout"],
  ["model.attentionDropout", "training.dropout"],
]);

/**
 * Applies `key.path=value` settings, as of `--set`, to a recipe. Values are JSON where they parse as such, else text. A
 * key must exist in the recipe; the whole is checked again. Another `training.optimizer.name` brings its own
 * hyperparameters with it, and `model` may be the name of an architecture of the study.
 */
export const applySettings = (recipe: Recipe, settings: readonly string[]): Recipe => {
  const copy = structuredClone(recipe) as Tree;
  for (const setting of settings) {
    const at = setting.indexOf("=");
    if (at < 1) throw new RangeError(`--set: expected KEY=VALUE, as in training.batchSize=512, got "${setting}"`);
    const [path, text] = [setting.slice(0, at), setting.slice(at + 1)];
    const source = taken.get(path);
    if (source) throw new RangeError(`--set ${path}: a recipe takes it from ${source}; set that`);
    const keys = path.split(".");
    const last = keys.pop()!;
    let node = copy;
    for (const key of keys) node = child(node, key, path) as Tree;
    child(node, last, path);
    const value = parseValue(text);
    if (path === "training.optimizer.name") Object.assign(copy.training as Tree, { optimizer: renamed(node, value) });
    else if (path === "model" && typeof value === "string") node.model = preset(value as PresetName);
    else node[last] = value;
  }
  return parseRecipe(copy, "--set");
};

/** Another optimizer comes with the study's learning rate and hyperparameters; only the clipping stays. */
const renamed = (optimizer: Tree, name: unknown): Tree => {
  if (name === optimizer.name) return optimizer;
  const { clipNorm } = optimizer;
  if (name === "adamw") return { ...studyAdamw, clipNorm };
  const known = studyOptimizerNames.find((candidate) => candidate === name);
  return known ? { name, learningRate: studyLearningRate(known), clipNorm } : { ...optimizer, name };
};

const child = (node: unknown, key: string, path: string): unknown => {
  const isTree = typeof node === "object" && node !== null && !Array.isArray(node);
  if (isTree && Object.hasOwn(node as Tree, key)) return (node as Tree)[key];
  const known = isTree ? nearest(key, Object.keys(node as Tree)) : [];
  throw new RangeError(
    `--set ${path}: no such setting "${key}"${known.length > 0 ? `; there is ${known.join(", ")}` : ""}`,
  );
};

const parseValue = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};
