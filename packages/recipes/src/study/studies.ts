import { fault } from "@cramkit/errors";
import { nearest } from "../recipe/nearest.ts";
import { parseRecipe, type Recipe } from "../recipe/recipe.ts";
import { applySettings } from "../recipe/settings.ts";
import { parseSweep, type Sweep, type SweepInput, settingsOf } from "../sweep/sweep.ts";
import { ablations } from "./ablations.ts";
import { architectures } from "./architectures.ts";
import { baselines } from "./baselines.ts";
import { timesBudget, vocabularies } from "./scale.ts";
import { schedules } from "./schedules.ts";

/** The comparisons of the study that `studySweep` makes. */
export const studyNames = ["figure-1", "figure-2", "figure-3", "table-3", "table-4", "scaling"] as const;
export type StudyName = (typeof studyNames)[number];

type Variants = NonNullable<SweepInput["variants"]>;

/** What of a sweep depends on the study. */
const makers: Readonly<Record<StudyName, (base: Recipe) => Pick<SweepInput, "description"> & Partial<SweepInput>>> = {
  "figure-1": (base) => ({
    description: "Figure 1: architectures at the same budget",
    variants: architectures(base),
  }),
  "figure-2": (base) => ({
    description: "Figure 2: learning-rate schedules at the same budget",
    variants: schedules(base),
  }),
  "figure-3": (base) => ({
    description: "Figure 3: size of the vocabulary",
    grid: { "tokenizer.vocabSize": vocabularies(base) },
    // The same text for all sizes: by a tokenizer of its own, a smaller vocabulary would drop more of it.
    ...(base.corpus.maxTokensPerCharacter !== null &&
      base.corpus.compressionTokenizer === null && { filterTokenizer: [] }),
  }),
  "table-3": (base) => ({
    description: "Table 3: crammed BERT beside BERT and Izsak's recipe, stopped at the same budget",
    variants: baselines(base),
  }),
  "table-4": (base) => ({
    description: "Table 4: what each change of the recipe gives, taken back one at a time",
    variants: ablations(base),
  }),
  scaling: (base) => ({
    description: "The recipe with up to 16 times its budget",
    variants: [1, 2, 4, 8, 16].map((factor) => ({
      name: `${factor}x`,
      set: factor === 1 ? {} : { "training.budget": timesBudget(base.training.budget, factor) },
    })),
  }),
};

/**
 * A comparison of the study as a sweep of `base`, which is the study's final recipe at its own scale, or any other: models, batches
 * and rates are then in proportion to the base as they are there to the final recipe. What would change nothing is left out.
 *
 * @throws a fault `invalid-argument` if there is no such comparison
 */
export const studySweep = (name: StudyName, base: Recipe): Sweep => {
  if (!studyNames.includes(name))
    throw fault({
      code: "invalid-argument",
      problem: `expected a comparison of the study, got "${name}"`,
      remedy: `there is ${nearest(name, studyNames).join(", ")}`,
      type: RangeError,
    });
  const { variants = [], ...made } = makers[name](base);
  const sweep: SweepInput = { name, recipe: { ...base }, ...made, variants: withoutRepetition(base, variants) };
  return parseSweep(sweep, name);
};

/** Variants of which each changes something that none before does. */
const withoutRepetition = (base: Recipe, variants: Variants): Variants => {
  const seen = new Set<string>();
  return variants.filter(({ recipe, set = {} }) => {
    const from = recipe === undefined ? base : parseRecipe(recipe, "recipe");
    const { name: _, description: __, ...changed } = applySettings(from, settingsOf(set));
    const text = JSON.stringify(changed);
    return seen.has(text) ? false : seen.add(text);
  });
};
