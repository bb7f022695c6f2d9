import { requireTensors, type TensorEntry } from "@cramkit/checkpoint";
import { init, type ModelConfig, parameterShapes } from "@cramkit/model";
import type { Tokenizer } from "@cramkit/tokenizer";
import { disposeTensors, type NamedTensors, tensorsOf } from "../named-tensors.ts";
import { hostEntries, openModel } from "../open/open-model.ts";
import { piecesOf } from "../prepare/added-tokens.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { withAnyHead } from "./origin.ts";
import { requireSameTokens } from "./require-fit.ts";

/**
 * The first weights of a run that goes on from another: those of its origin, with a row for each added word, the mean of
 * the rows of its pieces (so its first logits are the mean of theirs). A head that the origin lacks begins as usual.
 */
export const originWeights = async (
  recipe: Recipe,
  config: ModelConfig,
  tokenizer: Tokenizer,
  say: (line: string) => void,
): Promise<NamedTensors> => {
  const from = recipe.training.from!;
  const { params, tokenizer: old } = await withAnyHead((options) => openModel(from, options));
  const there = await hostEntries(params).finally(() => disposeTensors(params));
  requireSameTokens(recipe, tokenizer, { tokenizer: old });
  const words = recipe.tokenizer.add.map((word) => piecesOf(old, word));
  const shapes = parameterShapes(config);
  const perWord = wordParameters(config);
  const found = new Map(there.map((entry) => [entry.name, entry]));
  const entries = shapes.flatMap(({ name, shape }) => {
    const entry = found.get(name);
    if (!entry) return [];
    return [perWord.has(name) ? grown(entry, { words, known: old.idLimit, rows: shape[0]! }) : entry];
  });
  const missing = shapes.filter(({ name }) => !found.has(name) && !name.startsWith("encoder."));
  if (missing.length > 0) {
    const fresh = init(config, recipe.seed);
    const wanted = new Set(missing.map(({ name }) => name));
    entries.push(...(await hostEntries(fresh)).filter(({ name }) => wanted.has(name)));
    disposeTensors(fresh);
    say(`${from} has no head for masked tokens: ${missing.map(({ name }) => name).join(", ")} begin at random`);
  }
  requireTensors(shapes, entries, from);
  const growth = words.length > 0 ? `, and ${words.length} words more` : "";
  say(`going on from ${from}: ${entries.length - missing.length} tensors${growth}`);
  return tensorsOf(entries);
};

/** Names of the parameters with a row, or a number, for each entry of the vocabulary. */
const wordParameters = (config: ModelConfig): Set<string> => {
  const larger = parameterShapes({ ...config, vocabSize: config.vocabSize + 1 });
  const shapes = parameterShapes(config);
  return new Set(shapes.filter(({ shape }, i) => larger[i]!.shape[0] !== shape[0]).map(({ name }) => name));
};

/** A table with a row for each added word; rows that no token has are left out. */
const grown = (
  entry: TensorEntry,
  { words, known, rows }: { words: readonly Uint32Array[]; known: number; rows: number },
): TensorEntry => {
  const [had = 0, ...rest] = entry.shape;
  if (had < known) return entry; // a table that is too short: its shape is refused with its name
  const width = rest.reduce((product, size) => product * size, 1);
  const before = entry.data as Float32Array;
  const data = new Float32Array(rows * width);
  data.set(before.subarray(0, known * width));
  for (const [index, pieces] of words.entries()) {
    const at = (known + index) * width;
    for (let i = 0; i < width; i++) {
      let sum = 0;
      for (const id of pieces) sum += before[id * width + i]!;
      data[at + i] = sum / pieces.length;
    }
  }
  return { ...entry, shape: [rows, ...rest], data };
};
