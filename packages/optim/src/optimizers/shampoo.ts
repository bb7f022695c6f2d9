import { checkOptions } from "@cramkit/errors";
import { add, div, eye, matMul, maximum, mul, sqrt, square, sum, type Tensor, zeros } from "@tensorflow/tfjs-core";
import type { GradientTransformation, Rate, TensorMap } from "../contracts.ts";
import { checkBetas, checkCount, checkFit, checkNoMore, checkPositive } from "../state/check.ts";
import { disposeMap, mapEach, mapTensors, zerosOf } from "../state/tensor-map.ts";
import { chain } from "../transforms/chain.ts";
import { addDecayedWeights, type DecayOptions, scaleByLearningRate } from "../transforms/decay-and-rate.ts";
import { toOptimizer } from "../transforms/to-optimizer.ts";
import { inverseRoot } from "./inverse-root.ts";

export interface ShampooOptions {
  /**
   * Decay of the momentum.
   *
   * @defaultValue `0.9`
   */
  b1?: number;
  /**
   * Decay of the statistics.
   *
   * @defaultValue `0.98`
   */
  b2?: number;
  /**
   * Decay of the second moment of the grafted Adam.
   *
   * @defaultValue `0.999`
   */
  graftB2?: number;
  /**
   * Added to the denominator of the grafted Adam.
   *
   * @defaultValue `1e-8`
   */
  epsilon?: number;
  /**
   * Added to the statistics' diagonals, as a part of their norm. The study's 1e-12 is below what float32 resolves.
   *
   * @defaultValue `1e-6`
   */
  ridge?: number;
  /**
   * Steps between two computations of the roots.
   *
   * @defaultValue `10`
   */
  every?: number;
  /**
   * Sides longer than this have no statistics of their own.
   *
   * @defaultValue `1024`
   */
  longest?: number;
}

export type ShampooState = {
  count: number;
  mu: TensorMap;
  nu: TensorMap;
  /** Statistics and their inverse roots, `[out, out]` and `[in, in]`; empty if a side has none. */
  left: TensorMap;
  right: TensorMap;
  leftRoot: TensorMap;
  rightRoot: TensorMap;
};

/**
 * Shampoo (Gupta et al., arXiv 1802.09568) with the size of Adam's steps (Anil et al., arXiv 2002.09018). For a matrix:
 *
 *     L = b2 L + (1 - b2) g g^T,  R = b2 R + (1 - b2) g^T g,  d = L^(-1/4) g R^(-1/4)
 *     u = d ||a|| / ||d||  with  a = g / (sqrt(nu / (1 - graftB2^t)) + epsilon);  mu = b1 mu + (1 - b1) u
 *
 * A matrix with one long side has one root, of power -1/2; vectors and matrices with two have a alone. The update is
 * `mu / (1 - b1^t)`. Roots are by matrix products, on the device. The study's code, an early one of PyTorch's, preconditions
 * the momentum instead of g, has roots from its step 1000 on, and cuts long sides into blocks.
 */
export const scaleByShampoo = ({
  b1 = 0.9,
  b2 = 0.98,
  graftB2 = 0.999,
  epsilon = 1e-8,
  ridge = 1e-6,
  every = 10,
  longest = 1024,
  ...unknown
}: ShampooOptions = {}): GradientTransformation<ShampooState> => {
  checkNoMore("scaleByShampoo", unknown, "b1, b2, graftB2, epsilon, ridge, every, longest");
  checkBetas("scaleByShampoo", { b1, b2, graftB2 });
  checkPositive("scaleByShampoo", { epsilon, ridge });
  checkCount("scaleByShampoo", { every, longest });

  const sideOf = (param: Tensor, axis: 0 | 1) =>
    param.rank === 2 && param.shape[axis]! <= longest ? param.shape[axis]! : 0;
  const empty = (params: TensorMap, axis: 0 | 1) =>
    mapTensors(params, (param) => zeros([sideOf(param, axis), sideOf(param, axis)]));
  const identities = (params: TensorMap, axis: 0 | 1) =>
    mapTensors(params, (param) => (sideOf(param, axis) > 0 ? eye(sideOf(param, axis)) : zeros([0, 0])));
  const blend = (old: Tensor, now: Tensor, beta = b2) => add(mul(old, beta), mul(now, 1 - beta));

  return {
    init: (params) => ({
      count: 0,
      mu: zerosOf(params),
      nu: zerosOf(params),
      left: empty(params, 0),
      right: empty(params, 1),
      leftRoot: identities(params, 0),
      rightRoot: identities(params, 1),
    }),
    update(updates, state, params) {
      checkFit("scaleByShampoo", "mu", state.mu, params);
      checkFit("scaleByShampoo", "nu", state.nu, params);
      const step = state.count + 1;
      const isTime = (step - 1) % every === 0;
      const next = mapEach(params, (name, param) => {
        const g = updates[name]!;
        const [hasLeft, hasRight] = [sideOf(param, 0) > 0, sideOf(param, 1) > 0];
        const power = hasLeft && hasRight ? 4 : 2;
        const left = hasLeft ? blend(state.left[name]!, matMul(g, g, false, true)) : state.left[name]!.clone();
        const right = hasRight ? blend(state.right[name]!, matMul(g, g, true, false)) : state.right[name]!.clone();
        const leftRoot = hasLeft && isTime ? inverseRoot(left, power, ridge) : state.leftRoot[name]!.clone();
        const rightRoot = hasRight && isTime ? inverseRoot(right, power, ridge) : state.rightRoot[name]!.clone();

        const nu = blend(state.nu[name]!, square(g), graftB2);
        const adam = div(g, add(sqrt(div(nu, 1 - graftB2 ** step)), epsilon));
        let direction: Tensor = adam;
        if (hasLeft || hasRight) {
          const halfway = hasLeft ? matMul(leftRoot, g) : g;
          const rooted = hasRight ? matMul(halfway, rightRoot) : halfway;
          const size = (x: Tensor) => sqrt(sum(square(x)));
          direction = mul(rooted, div(size(adam), maximum(size(rooted), 1e-30)));
        }
        const mu = add(mul(state.mu[name]!, b1), mul(direction, 1 - b1));
        return { u: div(mu, 1 - b1 ** step), mu, nu, left, right, leftRoot, rightRoot };
      });
      const { count: _, ...old } = state;
      for (const map of [updates, ...Object.values(old)]) disposeMap(map);
      const { u, ...kept } = next;
      return { updates: u, state: { count: step, ...kept } };
    },
  };
};

/** Shampoo with decoupled decay. */
export const shampoo = (
  options: ShampooOptions &
    DecayOptions & {
      /** @defaultValue `5e-4` */
      learningRate?: Rate;
    } = {},
) => {
  checkOptions("shampoo", options, {
    b1: true,
    b2: true,
    graftB2: true,
    epsilon: true,
    ridge: true,
    every: true,
    longest: true,
    weightDecay: true,
    noDecay: true,
    learningRate: true,
  });
  const { learningRate = 5e-4, weightDecay, noDecay, ...own } = options;
  return toOptimizer(
    chain(scaleByShampoo(own), addDecayedWeights({ weightDecay, noDecay }), scaleByLearningRate(learningRate)),
  );
};
