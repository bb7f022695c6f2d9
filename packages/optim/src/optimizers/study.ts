import { fault } from "@cramkit/errors";
import type { Optimizer, OptimizerKernels, Progress, Rate } from "../contracts.ts";
import type { Pattern } from "../state/patterns.ts";
import { sam } from "../wrappers/sam.ts";
import { adamw } from "./adamw.ts";
import { adamw8bit } from "./adamw-8bit.ts";
import { muon, type OrthogonalizeMethod } from "./muon.ts";
import { adafactor, adam, adamwScale, agd, lamb, larc, lars, lion, radam, sgd, stableAdamw } from "./optimizers.ts";
import { adahessian, sophia } from "./second-order.ts";
import { shampoo } from "./shampoo.ts";

const adamwValues = { learningRate: 5e-4, b1: 0.9, b2: 0.98, epsilon: 1e-12, weightDecay: 0.01 };
const localValues = {
  learningRate: 5e-4,
  momentum: 0.9,
  nesterov: true,
  weightDecay: 0.01,
  trust: 0.02,
  epsilon: 1e-8,
};

/** Every hyperparameter of an optimizer, by the names of its options, with the study's value. */
const values = {
  adam: adamwValues,
  adam_classic: { learningRate: 5e-4, b1: 0.9, b2: 0.999, epsilon: 1e-8, weightDecay: 0.01 },
  adam8bit: adamwValues,
  adamscale: adamwValues,
  radam: adamwValues,
  adafactor: { learningRate: 1e-3, epsilon: 1e-30, decay: -0.8, threshold: 1, weightDecay: 0, scaleParameter: false },
  sgd: { learningRate: 5e-4, momentum: 0.9, nesterov: true, weightDecay: 0.01 },
  lion: { learningRate: 1e-4, b1: 0.9, b2: 0.99, weightDecay: 0.1 },
  sophia: { learningRate: 1e-3, b1: 0.965, b2: 0.99, rho: 0.04, batchScale: 5120, every: 10, weightDecay: 0.1 },
  adahessian: {
    learningRate: 0.15,
    b1: 0.9,
    b2: 0.98,
    epsilon: 1e-12,
    weightDecay: 0.01,
    hessianPower: 1,
    difference: 1e-3,
  },
  shampoo: {
    learningRate: 5e-4,
    b1: 0.9,
    b2: 0.98,
    graftB2: 0.999,
    epsilon: 1e-8,
    ridge: 1e-6,
    every: 10,
    longest: 1024,
    weightDecay: 0.01,
  },
  agd: { learningRate: 1, gain: 1 },
  // The study puts these around any of the above; here they have one that they are at home with.
  lars: localValues,
  larc: localValues,
  sam: { learningRate: 5e-4, b1: 0.9, b2: 0.98, epsilon: 1e-12, weightDecay: 0.01, rho: 0.05 },
  // Not in the study, but compared with it.
  stable_adamw: { learningRate: 1e-3, b1: 0.9, b2: 0.98, epsilon: 1e-6, weightDecay: 0.01 },
  lamb: { learningRate: 1e-3, b1: 0.9, b2: 0.999, epsilon: 1e-6, weightDecay: 0.01 },
  muon: {
    learningRate: 0.02,
    momentum: 0.95,
    nesterov: true,
    weightDecay: 0.01,
    method: "newton-schulz" as OrthogonalizeMethod,
    iterations: 5,
    matchRms: false,
    neuronwise: false,
    cautious: false,
    /** Of everything but hidden matrices. */
    adamw: { learningRate: 1e-3, b1: 0.9, b2: 0.98, epsilon: 1e-12, weightDecay: 0.01 },
  },
};

/** The names that the study's configurations give to their optimizers, and three more. */
export type StudyOptimizerName = keyof typeof values;

/** The hyperparameters of each optimizer. */
export type StudyHyperparameters = typeof values;

export const studyOptimizerNames = /* @__PURE__ */ Object.keys(values) as StudyOptimizerName[];

/** The learning rate that the study gives to an optimizer, and its paper to one that is not in the study. */
export const studyLearningRate = (name: StudyOptimizerName): number => studyHyperparameters(name).learningRate;

/** The study's hyperparameters of an optimizer, and those of its paper for one that is not in the study: a copy. */
export const studyHyperparameters = <N extends StudyOptimizerName>(name: N): StudyHyperparameters[N] => {
  if (Object.hasOwn(values, name)) return structuredClone(values[name]);
  throw fault({
    code: "invalid-argument",
    place: "studyHyperparameters",
    problem: `expected one of ${studyOptimizerNames.join(", ")}, got ${name}`,
    type: RangeError,
  });
};

type DeepPartial<T> = { [K in keyof T]?: T[K] extends object ? DeepPartial<T[K]> : T[K] };

/** Hyperparameters for a name, all or some of them, and what goes with any name. */
export type StudyOptimizerOptions<N extends StudyOptimizerName> = DeepPartial<
  Omit<StudyHyperparameters[N], "learningRate">
> & {
  /** @defaultValue the study's constant for this optimizer */
  learningRate?: Rate;
  /**
   * A factor of every learning rate that is a number.
   *
   * @defaultValue 1
   */
  schedule?: (progress: Progress) => number;
  /**
   * Parameters without weight decay.
   *
   * @defaultValue `studyNoDecay`, biases and norms
   */
  noDecay?: readonly Pattern[];
  /** @defaultValue none: the same numbers come from tfjs-core */
  kernels?: OptimizerKernels;
};

type Given<N extends StudyOptimizerName> = Omit<StudyHyperparameters[N], "learningRate"> & {
  learningRate: Rate;
  noDecay?: readonly Pattern[];
  kernels?: OptimizerKernels;
};

const makers: { [N in StudyOptimizerName]: (options: Given<N>) => Optimizer } = {
  adam: adamw,
  adam_classic: adam,
  adam8bit: adamw8bit,
  adamscale: adamwScale,
  radam,
  adafactor,
  sgd,
  lion,
  sophia,
  adahessian,
  shampoo,
  agd,
  lars,
  larc,
  sam: ({ rho, ...options }) => sam(adamw(options), { rho, kernels: options.kernels }),
  stable_adamw: stableAdamw,
  lamb,
  muon: ({ adamw: rest, noDecay, kernels, ...options }) => muon({ ...options, adamw: { ...rest, noDecay, kernels } }),
};

/**
 * An optimizer by its name in the study's configurations, with the study's hyperparameters but for those that are given.
 * `sophia`, `adahessian` and `sam` need `evaluate`.
 *
 * @throws RangeError naming a hyperparameter that the optimizer does not have, or one that is out of range
 */
export const studyOptimizer = <N extends StudyOptimizerName>(
  name: N,
  { schedule, noDecay, kernels, ...overrides }: StudyOptimizerOptions<N> = {} as StudyOptimizerOptions<N>,
): Optimizer => {
  const merged = merge(name, studyHyperparameters(name), overrides);
  const scheduled = schedule ? withSchedule(merged, schedule) : merged;
  const make = makers[name] as (options: Tree) => Optimizer;
  return make({ ...scheduled, ...(noDecay && { noDecay }), ...(kernels && withKernels.includes(name) && { kernels }) });
};

/** Those that have a kernel to be given. */
const withKernels: readonly StudyOptimizerName[] = ["adam", "sam", "muon"];

type Tree = { readonly [field: string]: unknown };

const merge = (where: string, known: Tree, overrides: Tree): Tree => {
  const next: Record<string, unknown> = { ...known };
  for (const [field, value] of Object.entries(overrides)) {
    if (value === undefined) continue;
    if (!Object.hasOwn(known, field))
      throw fault({
        code: "invalid-argument",
        place: "studyOptimizer",
        problem: `expected hyperparameters of ${where}, which has ${Object.keys(known).join(", ")}, got "${field}"`,
        type: RangeError,
      });
    const inner = known[field];
    next[field] = typeof inner === "object" ? merge(`${where}'s ${field}`, inner as Tree, value as Tree) : value;
  }
  return next;
};

/** Every learning rate, at any depth, as a function of the progress. */
const withSchedule = (tree: Tree, schedule: (progress: Progress) => number): Tree =>
  Object.fromEntries(
    Object.entries(tree).map(([field, value]) => {
      if (field === "learningRate" && typeof value === "number")
        return [field, (progress: Progress) => value * schedule(progress)];
      return [field, typeof value === "object" ? withSchedule(value as Tree, schedule) : value];
    }),
  );
