import {
  type OrthogonalizeMethod,
  orthogonalizeMethods,
  type StudyHyperparameters,
  type StudyOptimizerName,
  studyHyperparameters,
  studyOptimizerNames,
} from "@cramkit/optim";
import { z } from "zod";
import { hyperparameterNotes, optimizerPapers } from "./hyperparameters.ts";
import { setting } from "./setting.ts";

const listNames = () => ["adamw", ...studyOptimizerNames] as const;

/** The optimizers of the study by their names there, and its AdamW at the rate of the final recipe (bert-o4). */
export const optimizerNames = /* @__PURE__ */ listNames();
export type OptimizerName = "adamw" | StudyOptimizerName;

type Hyperparameters<N extends OptimizerName> = StudyHyperparameters[N extends StudyOptimizerName ? N : "adam"];

/** Every hyperparameter of an optimizer, with the study's value. */
export const hyperparametersOf = <N extends OptimizerName>(name: N): Hyperparameters<N> =>
  (name === "adamw"
    ? { ...studyHyperparameters("adam"), learningRate: 1e-3 }
    : studyHyperparameters(name as StudyOptimizerName)) as Hyperparameters<N>;

/** Settings of an optimizer by its name: its hyperparameters, and which parameters do not decay. */
type NamedSettings<N extends OptimizerName> = { name: N } & Hyperparameters<N> & {
    /** Whole parts of the names of parameters without weight decay; null: biases and norms, as in the study. */
    noDecay: readonly string[] | null;
  };

/** Of a group of parameters. SAM climbs with all of them at once, so no group has it. */
export type GroupOptimizer = { [N in Exclude<OptimizerName, "sam">]: NamedSettings<N> }[Exclude<OptimizerName, "sam">];

/** Of a whole run. */
export type OptimizerSettings<N extends OptimizerName = OptimizerName> = {
  [M in N]: NamedSettings<M> & {
    /** Largest global norm of a gradient; null does not clip. */
    clipNorm: number | null;
  };
}[N];

/** The study's optimizer of this name, with some settings changed. It clips as the study's final recipe unless it is told otherwise. */
export const studySettings = <N extends OptimizerName>(
  name: N,
  changes: Partial<Omit<OptimizerSettings<N>, "name">> = {},
): OptimizerSettings<N> =>
  ({ name, ...hyperparametersOf(name), noDecay: null, clipNorm: 0.5, ...changes }) as OptimizerSettings<N>;

const rangeOf = (field: string): z.ZodType => {
  switch (field) {
    case "b1":
    case "b2":
    case "graftB2":
    case "momentum":
      return z.number().min(0).lt(1);
    case "weightDecay":
    case "hessianPower":
      return z.number().min(0);
    case "every":
    case "longest":
    case "iterations":
      return z.int().positive();
    case "decay":
      return z.number().lt(0);
    default:
      return z.number().positive();
  }
};

const fieldOf = (field: string, value: number | boolean | string | object): z.ZodType => {
  if (typeof value === "object") return z.strictObject(fieldsOf(value)).prefault({});
  if (field === "method") return z.enum(orthogonalizeMethods).default(value as OrthogonalizeMethod);
  return (typeof value === "boolean" ? z.boolean() : rangeOf(field)).default(value);
};

/** A field for each hyperparameter, which takes the study's value if it is left out. */
const fieldsOf = (hyperparameters: object): Record<string, z.ZodType> =>
  Object.fromEntries(
    Object.entries(hyperparameters).map(([field, value]: [string, number | boolean | string | object]) => {
      const { meaning, ...notes } = hyperparameterNotes(field);
      return [field, setting(fieldOf(field, value), meaning, notes)];
    }),
  );

const union = (names: readonly OptimizerName[], more: Record<string, z.ZodType>): z.ZodType => {
  const options = names.map((name) =>
    z.strictObject({
      name: setting(z.literal(name), "The optimizer.", { paper: optimizerPapers[name] }),
      ...fieldsOf(hyperparametersOf(name)),
      noDecay: setting(
        z.array(z.string().min(1)).max(1000).nullable().default(null),
        "Whole parts of the names of parameters without weight decay; null: biases and norms, as in the study.",
        { paper: "Cramming, code" },
      ),
      ...more,
    }),
  );
  return z.discriminatedUnion("name", options as unknown as [(typeof options)[0]]);
};

/** What `training.optimizer` and the optimizers of `training.groups` may hold. */
export const optimizerSchemas = () => ({
  optimizer: union(optimizerNames, {
    clipNorm: setting(
      z.number().positive().nullable(),
      "Largest global norm of a gradient, over all groups; null does not clip.",
      { paper: "Cramming, section 4.3 (0.5); Pascanu et al., arXiv 1211.5063" },
    ),
  }) as unknown as z.ZodType<OptimizerSettings>,
  groupOptimizer: union(
    optimizerNames.filter((name) => name !== "sam"),
    {},
  ) as unknown as z.ZodType<GroupOptimizer>,
});
