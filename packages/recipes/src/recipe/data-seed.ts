import type { Recipe } from "./recipe.ts";

/** The seed of what a run is trained and measured on, which runs of several seeds may share. */
export const dataSeed = ({ corpus, seed }: Pick<Recipe, "corpus" | "seed">): number => corpus.seed ?? seed;
