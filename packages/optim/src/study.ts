import { adamw } from "./adamw.ts";
import { muon } from "./muon.ts";
import { adafactor, adam, adamwScale, agd, lamb, larc, lars, lion, radam, sgd, stableAdamw } from "./optimizers.ts";
import { sam } from "./sam.ts";
import { adahessian, sophia } from "./second-order.ts";
import { shampoo } from "./shampoo.ts";
import type { Kernels, Optimizer, Rate } from "./types.ts";

export interface StudyOptimizerOptions {
  /** Left out: the study's constant for this optimizer. */
  learningRate?: Rate;
  kernels?: Kernels;
}

const study = {
  adam: ({ learningRate = 5e-4, kernels }) => adamw({ learningRate, kernels }),
  adam_classic: ({ learningRate }) => adam({ learningRate }),
  adamscale: ({ learningRate }) => adamwScale({ learningRate }),
  radam: ({ learningRate }) => radam({ learningRate }),
  adafactor: ({ learningRate }) => adafactor({ learningRate }),
  sgd: ({ learningRate }) => sgd({ learningRate }),
  lion: ({ learningRate }) => lion({ learningRate }),
  sophia: ({ learningRate }) => sophia({ learningRate }),
  adahessian: ({ learningRate }) => adahessian({ learningRate }),
  shampoo: ({ learningRate }) => shampoo({ learningRate }),
  agd: ({ learningRate }) => agd({ learningRate }),
  // The study puts these around any of the above; here they have one that they are at home with.
  lars: ({ learningRate }) => lars({ learningRate }),
  larc: ({ learningRate }) => larc({ learningRate }),
  sam: ({ learningRate = 5e-4, kernels }) => sam(adamw({ learningRate, kernels }), { kernels }),
  // Not in the study, but compared with it.
  stable_adamw: ({ learningRate }) => stableAdamw({ learningRate }),
  lamb: ({ learningRate }) => lamb({ learningRate }),
  muon: ({ learningRate, kernels }) => muon({ learningRate, adamw: { kernels } }),
} satisfies Record<string, (options: StudyOptimizerOptions) => Optimizer>;

/** The names that the study's configurations give to their optimizers, and three more. */
export type StudyOptimizerName = keyof typeof study;

export const studyOptimizerNames = /* @__PURE__ */ Object.keys(study) as StudyOptimizerName[];

/** An optimizer with the study's hyperparameters, by the name of its configuration. `sophia`, `adahessian` and `sam` need `evaluate`. */
export const studyOptimizer = (name: StudyOptimizerName, options: StudyOptimizerOptions = {}): Optimizer => {
  if (!Object.hasOwn(study, name)) {
    throw new RangeError(`studyOptimizer: expected one of ${studyOptimizerNames.join(", ")}, got ${name}`);
  }
  const make: (options: StudyOptimizerOptions) => Optimizer = study[name];
  return make(options);
};
