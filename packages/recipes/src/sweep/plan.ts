import { dirname, join, resolve } from "node:path";
import { checkOptions, fault, isFault, problemOf, reworded } from "@cramkit/errors";
import { preparedSetKey } from "@cramkit/packer/node";
import { findRecipe } from "../catalogue/find-recipe.ts";
import { isLoadable } from "../catalogue/load-file.ts";
import { preparedFolder } from "../prepare/prepared-folder.ts";
import { checkRecipe } from "../recipe/check-recipe.ts";
import { parseRecipe, type Recipe } from "../recipe/recipe.ts";
import { applySettings } from "../recipe/settings.ts";
import { folderName, gridCells } from "./names.ts";
import { type Sweep, settingsOf } from "./sweep.ts";

/** One run of a sweep. */
export interface PlannedRun {
  /** From 0, in the order of the sweep. */
  readonly index: number;
  /** Of its folder in that of the sweep. */
  readonly id: string;
  /** What the runs of all seeds have in common. */
  readonly variant: string;
  readonly seed: number;
  /** What the variant and the grid change, by setting. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly folder: string;
  /** Undefined if its settings do not go together. */
  readonly recipe: Recipe | undefined;
  /** Why it cannot be run. @defaultValue none: it can */
  readonly problem?: string;
  /** Folder of its prepared rows, which runs of the same data share. @defaultValue none: it cannot be run */
  readonly data?: string;
}

export interface SweepPlan {
  readonly sweep: Sweep;
  readonly folder: string;
  readonly dataFolder: string;
  readonly runs: readonly PlannedRun[];
  /** The recipe whose tokenizer filters the text of all. @defaultValue none: each run's own does */
  readonly filter?: Recipe;
}

export interface PlanOptions {
  /** Where the runs, their results and the report are kept. */
  readonly folder: string;
  /** Where prepared data is kept and found again. */
  readonly dataFolder: string;
  /**
   * Changed in every run, over all else.
   * @defaultValue nothing
   */
  readonly set?: readonly string[];
  /**
   * In place of the sweep's own. Their data stay those of the sweep's first seed, so runs of other seeds can be added later.
   * @defaultValue those of the sweep; the recipe's if it has none
   */
  readonly seeds?: readonly number[];
  /**
   * The sweep's file: its recipes are named relative to it.
   * @defaultValue relative to the working folder
   */
  readonly file?: string;
}

/**
 * All runs of a sweep, without running any: every variant with every cell of the grid and every seed.
 *
 * @throws a fault `invalid-input` if two variants have one name, or none can be run
 */
export const planSweep = async (sweep: Sweep, options: PlanOptions): Promise<SweepPlan> => {
  checkOptions("planSweep", options, { folder: true, dataFolder: true, set: true, seeds: true, file: true });
  const { folder, dataFolder, set = [], file } = options;
  const variants = sweep.variants.length > 0 ? sweep.variants : [{ name: "", recipe: undefined, set: [] }];
  const cells = gridCells(sweep.grid);
  const named = variants.flatMap((variant) =>
    cells.map((cell) => ({
      variant,
      cell,
      name: [variant.name, cell.name].filter(Boolean).join(", ") || "as it is",
    })),
  );
  requireDifferentNames(
    sweep,
    named.map(({ name }) => name),
  );
  const varied = set.find((setting) => Object.hasOwn(sweep.grid, setting.slice(0, setting.indexOf("="))));
  if (varied !== undefined)
    throw fault({
      code: "invalid-input",
      place: sweep.name,
      problem: `expected no value for a setting that the sweep varies, got ${varied}`,
      remedy: "leave it out, or take it out of the grid",
      type: RangeError,
    });
  const base = await recipeOf(sweep.recipe, file);
  const place = file ?? sweep.name;
  /** The sweep's settings for all runs, some of its own, and over them those of the caller. */
  const applied = (recipe: Recipe, more: readonly string[]): Recipe =>
    applyAll(recipe, { place, own: [...settingsOf(sweep.set), ...more], set });
  const own = sweep.seeds.length > 0 ? sweep.seeds : [applied(base, []).seed];
  const seeds = options.seeds ?? own;
  const dataSeed = own[0]!;
  const filter =
    sweep.filterTokenizer === null
      ? undefined
      : shared(
          applySettings(base, [...settingsOf(sweep.set), ...set, ...settingsOf(sweep.filterTokenizer)]),
          sweep,
          dataSeed,
        );
  const runs: PlannedRun[] = [];
  for (const { variant, cell, name } of named) {
    const from = variant.recipe === undefined ? base : await recipeOf(variant.recipe, file);
    const changes = [...settingsOf(variant.set), ...settingsOf(cell.values)];
    for (const seed of seeds) {
      const id = `${folderName(name)}.seed-${seed}`;
      const run = {
        index: runs.length,
        id,
        variant: name,
        seed,
        settings: valuesOf(changes),
        folder: join(folder, id),
      };
      try {
        const changed = shared(applied(from, changes), sweep, dataSeed);
        const recipe: Recipe = {
          ...changed,
          seed,
          ...(filter && {
            corpus: {
              ...changed.corpus,
              compressionTokenizer: join(resolve(preparedFolder(filter, dataFolder)), "tokenizer.json"),
            },
          }),
        };
        checkRecipe(recipe);
        runs.push({ ...run, recipe, data: preparedFolder(recipe, dataFolder) });
      } catch (error) {
        runs.push({ ...run, recipe: undefined, problem: problemOf(error) });
      }
    }
  }
  const [first] = runs;
  if (first && runs.every(({ problem }) => problem !== undefined))
    throw fault({
      code: "invalid-input",
      place: sweep.name,
      problem: `expected a run that can be run, got none of ${runs.length}: ${first.variant}: ${first.problem}`,
      type: RangeError,
    });
  return { sweep, folder, dataFolder, runs, filter };
};

/** Applies both, and names the place of those of the sweep if they are at fault: nobody has written them after `--set`. */
const applyAll = (
  recipe: Recipe,
  { place, own, set }: { place: string; own: readonly string[]; set: readonly string[] },
): Recipe => {
  try {
    return applySettings(recipe, [...own, ...set]);
  } catch (error) {
    if (!isFault(error) || error.place !== "--set" || isApplicable(recipe, own)) throw error;
    throw reworded(error, { place });
  }
};

const isApplicable = (recipe: Recipe, settings: readonly string[]): boolean => {
  try {
    applySettings(recipe, settings);
    return true;
  } catch {
    return false;
  }
};

/** Tells one plan of a run from another: its recipe, and what it is scored with. */
export const runKey = (recipe: Recipe, { glue }: Sweep): string => preparedSetKey({ recipe, glue });

/** All runs of a sweep have its name, as prepared data is found by it, and one seed of their data. */
const shared = (recipe: Recipe, { name }: Sweep, dataSeed: number): Recipe => ({
  ...recipe,
  name,
  corpus: { ...recipe.corpus, seed: recipe.corpus.seed ?? dataSeed },
});

const recipeOf = (recipe: Sweep["recipe"], file: string | undefined): Promise<Recipe> | Recipe => {
  if (typeof recipe !== "string") return parseRecipe(recipe, file ?? "recipe");
  return findRecipe(isLoadable(recipe) && file !== undefined ? resolve(dirname(file), recipe) : recipe);
};

const valuesOf = (settings: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(
    settings.map((setting) => {
      const at = setting.indexOf("=");
      const text = setting.slice(at + 1);
      try {
        return [setting.slice(0, at), JSON.parse(text)];
      } catch {
        return [setting.slice(0, at), text];
      }
    }),
  );

const requireDifferentNames = (sweep: Sweep, names: readonly string[]): void => {
  const seen = new Map<string, string>();
  for (const name of names) {
    const same = seen.get(folderName(name));
    if (same !== undefined)
      throw fault({
        code: "invalid-input",
        place: sweep.name,
        problem: `expected variants of different names, got ${same === name ? `two of "${name}"` : `"${same}" and "${name}", whose folders would have one name`}`,
        remedy: "rename one",
        type: RangeError,
      });
    seen.set(folderName(name), name);
  }
};
