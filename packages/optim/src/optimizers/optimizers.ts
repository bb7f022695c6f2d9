import { checkOptions, type KnownOptions } from "@cramkit/errors";
import type { Rate } from "../contracts.ts";
import { type FactoredRmsOptions, scaleByFactoredRms } from "../transforms/adafactor.ts";
import { scaleByAgd } from "../transforms/agd.ts";
import { chain } from "../transforms/chain.ts";
import { addDecayedWeights, scaleByLearningRate } from "../transforms/decay-and-rate.ts";
import { type MomentumOptions, scaleByLion, trace } from "../transforms/momentum.ts";
import { type AdamOptions, scaleByAdam, scaleByRadam, scaleByStableAdamw } from "../transforms/scale-by-adam.ts";
import { toOptimizer } from "../transforms/to-optimizer.ts";
import {
  clipByBlockRms,
  type LocalRateOptions,
  scaleByLocalRate,
  scaleByParamRms,
  scaleByTrustRatio,
} from "../transforms/trust-ratio.ts";
import { adamOptions, type Common, commonOptions } from "./known-options.ts";

// Each optimizer is the chain that its equation is. Defaults are those of the study if it has them.

const localRateOptions: KnownOptions<LarsOptions> = {
  learningRate: true,
  weightDecay: true,
  noDecay: true,
  epsilon: true,
  trust: true,
  momentum: true,
  nesterov: true,
};

/** Adam with L2 regularization, as PyTorch's: the decay goes through the moments. */
export const adam = (options: Common & AdamOptions = {}) => {
  checkOptions("adam", options, adamOptions);
  const { learningRate = 5e-4, weightDecay, noDecay, b1 = 0.9, b2 = 0.999, epsilon = 1e-8, ...moments } = options;
  return toOptimizer(
    chain(
      addDecayedWeights({ weightDecay, noDecay }),
      scaleByAdam({ ...moments, b1, b2, epsilon }),
      scaleByLearningRate(learningRate),
    ),
  );
};

/** AdamW whose steps are in proportion to the size of the weights; the decay is not. nanoT5's, which decays after the step. */
export const adamwScale = (options: Common & AdamOptions = {}) => {
  checkOptions("adamwScale", options, adamOptions);
  const { learningRate = 5e-4, weightDecay, noDecay, ...moments } = options;
  return toOptimizer(
    chain(
      scaleByAdam(moments),
      scaleByParamRms(),
      addDecayedWeights({ weightDecay, noDecay }),
      scaleByLearningRate(learningRate),
    ),
  );
};

/** AdamW with Adafactor's update clipping: no clipping of gradients is needed with it. */
export const stableAdamw = (options: Common & AdamOptions = {}) => {
  checkOptions("stableAdamw", options, adamOptions);
  const { learningRate = 1e-3, ...own } = options;
  return toOptimizer(chain(scaleByStableAdamw(own), scaleByLearningRate(learningRate)));
};

/** Rectified Adam with L2 regularization, as PyTorch's. */
export const radam = (options: Common & AdamOptions = {}) => {
  checkOptions("radam", options, adamOptions);
  const { learningRate = 5e-4, weightDecay, noDecay, ...moments } = options;
  return toOptimizer(
    chain(addDecayedWeights({ weightDecay, noDecay }), scaleByRadam(moments), scaleByLearningRate(learningRate)),
  );
};

interface AdafactorOptions extends Common, FactoredRmsOptions {
  /** Each tensor's update has at most this RMS. */
  threshold?: number;
  /** Steps in proportion to the RMS of the weights, at least 1e-3: the paper, and the default of PyTorch and optax. */
  scaleParameter?: boolean;
}

/**
 * Adafactor with a learning rate from outside, without momentum. The study does not scale by the weights; with
 * `scaleParameter` it is PyTorch's, for rates below `1 / sqrt(step)`, which PyTorch never exceeds.
 */
export const adafactor = (options: AdafactorOptions = {}) => {
  checkOptions("adafactor", options, {
    ...commonOptions,
    threshold: true,
    scaleParameter: true,
    epsilon: true,
    decay: true,
  });
  const { learningRate = 1e-3, weightDecay = 0, noDecay, threshold = 1, scaleParameter = false, ...factored } = options;
  return toOptimizer(
    chain(
      scaleByFactoredRms(factored),
      clipByBlockRms({ threshold }),
      ...(scaleParameter ? [scaleByParamRms()] : []),
      addDecayedWeights({ weightDecay, noDecay }),
      scaleByLearningRate(learningRate),
    ),
  );
};

/** Lion with decoupled decay. */
export const lion = (
  options: Common & {
    /** @defaultValue `0.9` */
    b1?: number;
    /** @defaultValue `0.99` */
    b2?: number;
  } = {},
) => {
  checkOptions("lion", options, { ...commonOptions, b1: true, b2: true });
  const { learningRate = 1e-4, weightDecay = 0.1, noDecay, ...betas } = options;
  return toOptimizer(
    chain(scaleByLion(betas), addDecayedWeights({ weightDecay, noDecay }), scaleByLearningRate(learningRate)),
  );
};

/** Stochastic gradient descent with Nesterov momentum and L2 regularization, as PyTorch's. */
export const sgd = (options: Common & MomentumOptions = {}) => {
  checkOptions("sgd", options, { ...commonOptions, momentum: true, nesterov: true });
  const { learningRate = 5e-4, weightDecay, noDecay, ...momentum } = options;
  return toOptimizer(
    chain(addDecayedWeights({ weightDecay, noDecay }), trace(momentum), scaleByLearningRate(learningRate)),
  );
};

/** LAMB: Adam with decay, each tensor's step as long as the tensor itself. With corrected moments, no bounds on norms, as optax. */
export const lamb = (options: Common & AdamOptions = {}) => {
  checkOptions("lamb", options, adamOptions);
  const { learningRate = 1e-3, weightDecay, noDecay, b1 = 0.9, b2 = 0.999, epsilon = 1e-6, ...moments } = options;
  return toOptimizer(
    chain(
      scaleByAdam({ ...moments, b1, b2, epsilon }),
      addDecayedWeights({ weightDecay, noDecay }),
      scaleByTrustRatio(),
      scaleByLearningRate(learningRate),
    ),
  );
};

type LarsOptions = { learningRate?: Rate } & Omit<LocalRateOptions, "clipTo"> & MomentumOptions;

/**
 * Momentum over gradients that are scaled to the size of their weights, layer by layer. The learning rate stays out of the
 * momentum, as in the study; the paper and optax have it inside, which differs while it changes.
 */
export const lars = (options: LarsOptions = {}) => {
  checkOptions("lars", options, localRateOptions);
  const { learningRate = 5e-4, momentum, nesterov, ...local } = options;
  return toOptimizer(chain(scaleByLocalRate(local), trace({ momentum, nesterov }), scaleByLearningRate(learningRate)));
};

/** LARS whose local rate never exceeds the learning rate. */
export const larc = (options: LarsOptions = {}) => {
  checkOptions("larc", options, localRateOptions);
  const { learningRate = 5e-4, momentum, nesterov, ...local } = options;
  return toOptimizer(
    chain(
      scaleByLocalRate({ ...local, clipTo: learningRate }),
      trace({ momentum, nesterov }),
      scaleByLearningRate(learningRate),
    ),
  );
};

/** Automatic gradient descent: it finds its own rate, which `learningRate` only multiplies. */
export const agd = (
  options: {
    /** @defaultValue `1` */
    learningRate?: Rate;
    /** @defaultValue `1` */
    gain?: number;
  } = {},
) => {
  checkOptions("agd", options, { learningRate: true, gain: true });
  const { learningRate = 1, gain } = options;
  return toOptimizer(chain(scaleByAgd({ gain }), scaleByLearningRate(learningRate)));
};
