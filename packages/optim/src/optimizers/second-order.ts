import { checkOptions } from "@cramkit/errors";
import { checkSeed, streamKey } from "@cramkit/random";
import {
  abs,
  add,
  div,
  maximum,
  minimum,
  mul,
  pow,
  sign,
  sqrt,
  square,
  sub,
  type Tensor,
  tensor,
} from "@tensorflow/tfjs-core";
import type { Evaluate, GradientTransformation, TensorMap } from "../contracts.ts";
import { checkBetas, checkCount, checkFit, checkNoMore, checkNonNegative, checkPositive } from "../state/check.ts";
import { requireEvaluate } from "../state/evaluation.ts";
import { disposeMap, mapEach, mapTensors, zerosOf } from "../state/tensor-map.ts";
import { chain } from "../transforms/chain.ts";
import { addDecayedWeights, scaleByLearningRate } from "../transforms/decay-and-rate.ts";
import { toOptimizer } from "../transforms/to-optimizer.ts";
import { adamOptions, type Common, commonOptions } from "./known-options.ts";
import { randomSigns } from "./random-signs.ts";

export interface SophiaOptions {
  /**
   * Decay of the first moment.
   *
   * @defaultValue `0.965`
   */
  b1?: number;
  /**
   * Decay of the Hessian's average.
   *
   * @defaultValue `0.99`
   */
  b2?: number;
  /**
   * Updates are at most 1, reached when the first moment exceeds `rho batchScale h`.
   *
   * @defaultValue `0.04`
   */
  rho?: number;
  /**
   * Examples, or tokens, that the Hessian's estimate is made of.
   *
   * @defaultValue `5120`
   */
  batchScale?: number;
  /**
   * Steps between two estimates of the Hessian.
   *
   * @defaultValue `10`
   */
  every?: number;
}

export type SophiaState = { count: number; mu: TensorMap; hessian: TensorMap };

/**
 * Sophia-G (Liu et al., arXiv 2305.14342): `sign(mu) min(1, |mu| / (rho batchScale h + 1e-15))`, where every few steps
 * `h = b2 h + (1 - b2) g^2` with g the gradient for targets that are drawn from the model's own predictions
 * (Gauss-Newton-Bartlett). Needs `evaluate(params, { targets: "sampled" })`. At the first step there is an estimate, too.
 * As in the paper, and unlike optax, the first moment is not corrected for its bias and an estimate counts from its own step
 * on. Behind `accumulate` it is made of the last microbatch. (The study's code never asks for one: its steps are signs.)
 */
export const scaleBySophia = ({
  b1 = 0.965,
  b2 = 0.99,
  rho = 0.04,
  batchScale = 5120,
  every = 10,
  ...unknown
}: SophiaOptions = {}): GradientTransformation<SophiaState> => {
  checkNoMore("scaleBySophia", unknown, "b1, b2, rho, batchScale, every");
  checkBetas("scaleBySophia", { b1, b2 });
  checkPositive("scaleBySophia", { rho, batchScale });
  checkCount("scaleBySophia", { every });
  return {
    init: (params) => ({ count: 0, mu: zerosOf(params), hessian: zerosOf(params) }),
    update(updates, state, params, _, evaluate) {
      checkFit("scaleBySophia", "mu", state.mu, params);
      checkFit("scaleBySophia", "hessian", state.hessian, params);
      let hessian = state.hessian;
      if (state.count % every === 0) {
        const sampled = requireEvaluate("scaleBySophia", evaluate)(params, { targets: "sampled" });
        hessian = mapTensors(state.hessian, (h, name) => add(mul(h, b2), mul(square(sampled[name]!), 1 - b2)));
        disposeMap(sampled);
        disposeMap(state.hessian);
      }
      const next = mapEach(params, (name) => {
        const mu = add(mul(state.mu[name]!, b1), mul(updates[name]!, 1 - b1));
        const curvature = add(mul(hessian[name]!, rho * batchScale), 1e-15);
        return { mu, u: mul(sign(mu), minimum(div(abs(mu), curvature), 1)) };
      });
      disposeMap(updates);
      disposeMap(state.mu);
      return { updates: next.u, state: { count: state.count + 1, mu: next.mu, hessian } };
    },
  };
};

export interface AdahessianOptions {
  /**
   * Decay of the first moment.
   *
   * @defaultValue `0.9`
   */
  b1?: number;
  /**
   * Decay of the squared Hessian's average.
   *
   * @defaultValue `0.98`
   */
  b2?: number;
  /**
   * Added to the denominator.
   *
   * @defaultValue `1e-12`
   */
  epsilon?: number;
  /**
   * Exponent of the Hessian in the denominator.
   *
   * @defaultValue `1`
   */
  hessianPower?: number;
  /**
   * The largest change of a parameter for the difference of gradients that stands for the Hessian.
   *
   * @defaultValue `1e-3`
   */
  difference?: number;
  /**
   * Of the signs: an integer of 0 to 2^53 - 1.
   * @defaultValue 0
   */
  seed?: number;
}

export type AdahessianState = { count: number; mu: TensorMap; nu: TensorMap };

/** `z (H z)` by the central difference of the gradients at `params + d z` and `params - d z`; z has signs only. */
const hessianDiagonal = (params: TensorMap, evaluate: Evaluate, d: number, seed: number, step: number): TensorMap => {
  const signs: Record<string, Tensor> = {};
  for (const [name, param] of Object.entries(params))
    signs[name] = tensor(randomSigns(streamKey(seed, "optim/signs", step, name), param.size), param.shape);
  const at = (distance: number) => {
    const moved = mapTensors(params, (param, name) => add(param, mul(signs[name]!, distance)));
    const grads = evaluate(moved);
    disposeMap(moved);
    return grads;
  };
  const [ahead, behind] = [at(d), at(-d)];
  const diagonal = mapTensors(params, (_, name) => mul(signs[name]!, div(sub(ahead[name]!, behind[name]!), 2 * d)));
  for (const map of [signs, ahead, behind]) disposeMap(map);
  return diagonal;
};

/**
 * AdaHessian (Yao et al., arXiv 2006.00719): Adam with Hutchinson's estimate of the Hessian's diagonal in place of the
 * gradient in the second moment, `mu / (1 - b1^t) / (sqrt(nu / (1 - b2^t))^power + epsilon)`. No spatial averaging.
 * The paper's second differentiation is a difference of gradients here: fused kernels have no second derivative. Needs
 * `evaluate`, twice a step; after `accumulate` the estimate is made of the last microbatch.
 */
export const scaleByAdahessian = ({
  b1 = 0.9,
  b2 = 0.98,
  epsilon = 1e-12,
  hessianPower = 1,
  difference = 1e-3,
  seed = 0,
  ...unknown
}: AdahessianOptions = {}): GradientTransformation<AdahessianState> => {
  checkNoMore("scaleByAdahessian", unknown, "b1, b2, epsilon, hessianPower, difference, seed");
  checkBetas("scaleByAdahessian", { b1, b2 });
  checkSeed("scaleByAdahessian", seed);
  checkPositive("scaleByAdahessian", { epsilon, difference });
  checkNonNegative("scaleByAdahessian", { hessianPower });
  return {
    init: (params) => ({ count: 0, mu: zerosOf(params), nu: zerosOf(params) }),
    update(updates, state, params, _, evaluate) {
      checkFit("scaleByAdahessian", "mu", state.mu, params);
      checkFit("scaleByAdahessian", "nu", state.nu, params);
      const step = state.count + 1;
      const wanted = requireEvaluate("scaleByAdahessian", evaluate);
      const diagonal = hessianDiagonal(params, wanted, difference, seed, step);
      const next = mapEach(params, (name) => {
        const mu = add(mul(state.mu[name]!, b1), mul(updates[name]!, 1 - b1));
        const nu = add(mul(state.nu[name]!, b2), mul(square(diagonal[name]!), 1 - b2));
        const size = pow(sqrt(div(nu, 1 - b2 ** step)), hessianPower);
        return { mu, nu, u: div(div(mu, 1 - b1 ** step), maximum(add(size, epsilon), 1e-30)) };
      });
      for (const map of [diagonal, updates, state.mu, state.nu]) disposeMap(map);
      return { updates: next.u, state: { count: step, mu: next.mu, nu: next.nu } };
    },
  };
};

export const sophia = (options: Common & SophiaOptions = {}) => {
  checkOptions("sophia", options, {
    ...commonOptions,
    b1: true,
    b2: true,
    rho: true,
    batchScale: true,
    every: true,
  });
  const { learningRate = 1e-3, weightDecay = 0.1, noDecay, ...own } = options;
  return toOptimizer(
    chain(scaleBySophia(own), addDecayedWeights({ weightDecay, noDecay }), scaleByLearningRate(learningRate)),
  );
};

export const adahessian = (options: Common & AdahessianOptions = {}) => {
  checkOptions("adahessian", options, { ...adamOptions, hessianPower: true, difference: true, seed: true });
  const { learningRate = 0.15, weightDecay, noDecay, ...own } = options;
  return toOptimizer(
    chain(scaleByAdahessian(own), addDecayedWeights({ weightDecay, noDecay }), scaleByLearningRate(learningRate)),
  );
};
