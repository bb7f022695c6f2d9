import { join } from "node:path";
import { novelsDigest } from "@cramkit/novels";
import { preparedSetKey } from "@cramkit/packer/node";
import { dataSeed } from "../recipe/data-seed.ts";
import type { Recipe, SourceSpec } from "../recipe/recipe.ts";
import { compressionTokenizerOf, novelsName } from "./novels-tokenizer.ts";

/** The sets of prepared rows, by the names of their folders. */
export const setNames = { training: "training", heldOut: "held-out", lastPhase: "last-phase" } as const;

export type SetName = keyof typeof setNames;

/** The sets of a recipe: those of the last phase only if it has one. */
export const setsOf = ({ corpus }: Pick<Recipe, "corpus">): SetName[] =>
  corpus.lastPhase === null ? ["training", "heldOut"] : ["training", "heldOut", "lastPhase"];

/** Every source that a recipe reads. */
export const allSources = ({ corpus }: Pick<Recipe, "corpus">): SourceSpec[] => [
  ...corpus.sources,
  ...(corpus.decontamination?.sources ?? []),
  ...(corpus.lastPhase?.sources ?? []),
];

/** The parts of a recipe that decide what a prepared set holds. */
export const configurationOf = (recipe: Recipe) => {
  const { corpus, tokenizer, rows, evaluation } = recipe;
  const { threads: _, seed: __, quality, lastPhase, ...plainText } = corpus;
  // Rows of before there were these settings stay those of their recipe; where a phase begins is a matter of training.
  const text = {
    ...plainText,
    ...(quality !== null && { quality }),
    ...(lastPhase !== null && { lastPhase: { sources: lastPhase.sources, quality: lastPhase.quality } }),
  };
  const sources = allSources(recipe);
  // Another version of the package may have other text.
  const measuresBy = corpus.maxTokensPerCharacter !== null && compressionTokenizerOf(recipe) === novelsName;
  const shipped = measuresBy || sources.some(({ kind }) => kind === "novels") ? { novels: novelsDigest } : {};
  const { add, ...plain } = tokenizer;
  const words = add.length > 0 ? tokenizer : plain; // rows of before there were any stay those of their recipe
  return { corpus: text, tokenizer: words, rows, heldOut: evaluation.heldOut, seed: dataSeed(recipe), ...shipped };
};

/** The folder of the prepared data of a recipe: the same data, the same folder. */
export const preparedFolder = (recipe: Recipe, dataFolder: string): string =>
  join(dataFolder, `${recipe.name}-${preparedSetKey(configurationOf(recipe))}`);
