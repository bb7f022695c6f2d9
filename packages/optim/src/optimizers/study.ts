import type { Kernels, Optimizer, Rate } from "../contracts.ts";
import { sam } from "../wrappers/sam.ts";
import { adamw } from "./adamw.ts";
import { muon } from "./muon.ts";
import { adafactor, adam, adamwScale, agd, lamb, larc, lars, lion, radam, sgd, stableAdamw } from "./optimizers.ts";
import { adahessian, sophia } from "./second-order.ts";
import { shampoo } from "./shampoo.ts";

export interface StudyOptimizerOptions {
  /** Left out: the study's constant for this optimizer. */
  learningRate?: Rate;
  kernels?: Kernels;
}

type Make = (options: { learningRate: Rate; kernels?: Kernels }) => Optimizer;

/** The optimizer and the learning rate of its configuration. */
const study = {
  adam: [5e-4, (options) => adamw(options)],
  adam_classic: [5e-4, ({ learningRate }) => adam({ learningRate })],
  adamscale: [5e-4, ({ learningRate }) => adamwScale({ learningRate })],
  radam: [5e-4, ({ learningRate }) => radam({ learningRate })],
  adafactor: [1e-3, ({ learningRate }) => adafactor({ learningRate })],
  sgd: [5e-4, ({ learningRate }) => sgd({ learningRate })],
  lion: [1e-4, ({ learningRate }) => lion({ learningRate })],
  sophia: [1e-3, ({ learningRate }) => sophia({ learningRate })],
  adahessian: [0.15, ({ learningRate }) => adahessian({ learningRate })],
  shampoo: [5e-4, ({ learningRate }) => shampoo({ learningRate })],
  agd: [1, ({ learningRate }) => agd({ learningRate })],
  // The study puts these around any of the above; here they have one that they are at home with.
  lars: [5e-4, ({ learningRate }) => lars({ learningRate })],
  larc: [5e-4, ({ learningRate }) => larc({ learningRate })],
  sam: [5e-4, (options) => sam(adamw(options), options)],
  // Not in the study, but compared with it.
  stable_adamw: [1e-3, ({ learningRate }) => stableAdamw({ learningRate })],
  lamb: [1e-3, ({ learningRate }) => lamb({ learningRate })],
  muon: [0.02, ({ learningRate, kernels }) => muon({ learningRate, adamw: { kernels } })],
} satisfies Record<string, [number, Make]>;

/** The names that the study's configurations give to their optimizers, and three more. */
export type StudyOptimizerName = keyof typeof study;

export const studyOptimizerNames = /* @__PURE__ */ Object.keys(study) as StudyOptimizerName[];

const entry = (name: StudyOptimizerName): [number, Make] => {
  if (Object.hasOwn(study, name)) return study[name];
  throw new RangeError(`studyOptimizer: expected one of ${studyOptimizerNames.join(", ")}, got ${name}`);
};

/** The learning rate that the study gives to an optimizer, and its paper to one that is not in the study. */
export const studyLearningRate = (name: StudyOptimizerName): number => entry(name)[0];

/** An optimizer with the study's hyperparameters, by the name of its configuration. `sophia`, `adahessian` and `sam` need `evaluate`. */
export const studyOptimizer = (name: StudyOptimizerName, options: StudyOptimizerOptions = {}): Optimizer => {
  const [rate, make] = entry(name);
  return make({ learningRate: options.learningRate ?? rate, kernels: options.kernels });
};
