import { checkOptions } from "@cramkit/errors";
import { add, div, maximum, mean, mul, sqrt, square, type Tensor } from "@tensorflow/tfjs-core";
import type { GradientTransformation, TensorMap } from "../contracts.ts";
import { checkBetas, checkFit, checkNoMore, checkNonNegative, checkPositive } from "../state/check.ts";
import { decayMask } from "../state/patterns.ts";
import { disposeMap, mapEach, zerosOf } from "../state/tensor-map.ts";
import type { DecayOptions } from "./decay-and-rate.ts";

export type MomentState = { count: number; mu: TensorMap; nu: TensorMap };

export interface AdamOptions {
  /**
   * Decay of the first moment.
   *
   * @defaultValue `0.9`
   */
  b1?: number;
  /**
   * Decay of the second moment.
   *
   * @defaultValue `0.98`
   */
  b2?: number;
  /**
   * Added to the root of the second moment.
   *
   * @defaultValue `1e-12`
   */
  epsilon?: number;
}

interface Moments {
  g: Tensor;
  mu: Tensor;
  nu: Tensor;
  /** 1 - b1^t and 1 - b2^t */
  correction1: number;
  correction2: number;
  step: number;
  param: Tensor;
  name: string;
}

/** Both moments, kept as Adam does, and an update made of them. */
const byMoments = (
  where: string,
  { b1 = 0.9, b2 = 0.98, epsilon = 1e-12, ...unknown }: AdamOptions,
  direction: (moments: Moments) => Tensor,
  check: (names: readonly string[]) => void = () => {},
): GradientTransformation<MomentState> => {
  checkNoMore(where, unknown, "learningRate, b1, b2, epsilon, weightDecay, noDecay");
  checkBetas(where, { b1, b2 });
  checkPositive(where, { epsilon });
  return {
    init(params) {
      check(Object.keys(params));
      return { count: 0, mu: zerosOf(params), nu: zerosOf(params) };
    },
    update(updates, state, params) {
      checkFit(where, "mu", state.mu, params);
      checkFit(where, "nu", state.nu, params);
      const step = state.count + 1;
      const [correction1, correction2] = [1 - b1 ** step, 1 - b2 ** step];
      const next = mapEach(params, (name, param) => {
        const g = updates[name]!;
        const mu = add(mul(state.mu[name]!, b1), mul(g, 1 - b1));
        const nu = add(mul(state.nu[name]!, b2), mul(square(g), 1 - b2));
        return { u: direction({ g, mu, nu, correction1, correction2, step, param, name }), mu, nu };
      });
      for (const map of [updates, state.mu, state.nu]) disposeMap(map as TensorMap);
      return { updates: next.u, state: { count: step, mu: next.mu, nu: next.nu } };
    },
  };
};

const adamDirection = ({ mu, nu, correction1, correction2 }: Moments, epsilon: number): Tensor =>
  div(div(mu, correction1), add(sqrt(div(nu, correction2)), epsilon));

/** `mu / (1 - b1^t) / (sqrt(nu / (1 - b2^t)) + epsilon)` (Kingma and Ba, arXiv 1412.6980). */
export const scaleByAdam = (options: AdamOptions = {}): GradientTransformation<MomentState> => {
  checkOptions("scaleByAdam", options, { b1: true, b2: true, epsilon: true });
  return byMoments("scaleByAdam", options, (moments) => adamDirection(moments, options.epsilon ?? 1e-12));
};

/**
 * Rectified Adam (Liu et al., arXiv 1908.03265): with `r = 2 / (1 - b2) - 1` and `r_t = r - 2 t b2^t / (1 - b2^t)`,
 * Adam's update times `sqrt((r_t - 4)(r_t - 2) r / ((r - 4)(r - 2) r_t))` if r_t > 5, else the first moment alone.
 * The second moment is corrected after epsilon is added to its root, as in PyTorch.
 */
export const scaleByRadam = (options: AdamOptions = {}): GradientTransformation<MomentState> => {
  checkOptions("scaleByRadam", options, { b1: true, b2: true, epsilon: true });
  const { b2 = 0.98, epsilon = 1e-12 } = options;
  const limit = 2 / (1 - b2) - 1;
  return byMoments("scaleByRadam", options, ({ mu, nu, correction1, correction2, step }) => {
    const length = limit - (2 * step * b2 ** step) / correction2;
    const first = div(mu, correction1);
    if (length <= 5) return first;
    const rectified = Math.sqrt(((length - 4) * (length - 2) * limit) / ((limit - 4) * (limit - 2) * length));
    return div(mul(first, rectified * Math.sqrt(correction2)), add(sqrt(nu), epsilon));
  });
};

/**
 * StableAdamW's update with its decay (Wortsman et al., arXiv 2304.13013): Adam's, plus `weightDecay param`, over
 * `max(1, RMS)` where RMS is the root of the mean of `g^2 / max(nuHat, epsilon^2)` over the tensor.
 */
export const scaleByStableAdamw = (options: AdamOptions & DecayOptions = {}): GradientTransformation<MomentState> => {
  checkOptions("scaleByStableAdamw", options, { b1: true, b2: true, epsilon: true, weightDecay: true, noDecay: true });
  const { weightDecay = 0.01, noDecay, ...own } = options;
  checkNonNegative("scaleByStableAdamw", { weightDecay });
  const { epsilon = 1e-6 } = own;
  const mask = decayMask("scaleByStableAdamw", noDecay);
  return byMoments(
    "scaleByStableAdamw",
    { ...own, epsilon },
    (moments) => {
      const { g, nu, correction2, param, name } = moments;
      const rms = sqrt(mean(div(square(g), maximum(div(nu, correction2), epsilon ** 2))));
      const direction = adamDirection(moments, epsilon);
      const decayed = mask.decays(name) ? add(direction, mul(param, weightDecay)) : direction;
      return div(decayed, maximum(rms, 1));
    },
    mask.check,
  );
};
