import { checkOptions } from "@cramkit/errors";
import {
  add,
  div,
  logicalAnd,
  maximum,
  mean,
  minimum,
  mul,
  notEqual,
  sqrt,
  square,
  sum,
  type Tensor,
  where,
} from "@tensorflow/tfjs-core";
import type { GradientTransformation, Progress, Rate, TensorMap } from "../contracts.ts";
import { checkNoMore, checkNonNegative, checkPositive, checkRate, rateAt } from "../state/check.ts";
import { decayMask } from "../state/patterns.ts";
import { disposeMap, mapTensors } from "../state/tensor-map.ts";
import type { DecayOptions, NoState } from "./decay-and-rate.ts";

const norm = (x: Tensor): Tensor => sqrt(sum(square(x)));
const rms = (x: Tensor): Tensor => sqrt(mean(square(x)));
const bothNonZero = (a: Tensor, b: Tensor): Tensor => logicalAnd(notEqual(a, 0), notEqual(b, 0));

/** A transformation of each tensor on its own, without state. */
const perTensor = (
  fn: (update: Tensor, param: Tensor, name: string, progress: Progress) => Tensor,
  check: (params: TensorMap) => void = () => {},
): GradientTransformation<NoState> => ({
  init(params) {
    check(params);
    return {};
  },
  update(updates, state, params, progress) {
    const next = mapTensors(updates, (update, name) => fn(update, params[name]!, name, progress));
    disposeMap(updates);
    return { updates: next, state };
  },
});

/** `u ||param|| / ||u||`, and u if a norm is 0: the last part of LAMB (You et al., arXiv 1904.00962). */
export const scaleByTrustRatio = (): GradientTransformation<NoState> =>
  perTensor((u, param) => {
    const [size, step] = [norm(param), norm(u)];
    return mul(u, where(bothNonZero(size, step), div(size, step), 1));
  });

/** `max(floor, RMS(param)) u`: AdamWScale, the scaling of Adafactor without its factors. */
export const scaleByParamRms = (
  options: {
    /** @defaultValue `1e-3` */
    floor?: number;
  } = {},
): GradientTransformation<NoState> => {
  checkOptions("scaleByParamRms", options, { floor: true });
  const { floor = 1e-3 } = options;
  checkNonNegative("scaleByParamRms", { floor });
  return perTensor((u, param) => mul(u, maximum(rms(param), floor)));
};

/** `u / max(1, RMS(u) / threshold)`, each tensor on its own. */
export const clipByBlockRms = (
  options: {
    /** @defaultValue `1` */
    threshold?: number;
  } = {},
): GradientTransformation<NoState> => {
  checkOptions("clipByBlockRms", options, { threshold: true });
  const { threshold = 1 } = options;
  checkPositive("clipByBlockRms", { threshold });
  return perTensor((u) => div(u, maximum(div(rms(u), threshold), 1)));
};

export interface LocalRateOptions extends DecayOptions {
  /**
   * The local rate as a share of the ratio of norms.
   *
   * @defaultValue `0.02`
   */
  trust?: number;
  /**
   * Added to the denominator of that ratio.
   *
   * @defaultValue `1e-8`
   */
  epsilon?: number;
  /**
   * LARC: the local rate never exceeds this learning rate.
   *
   * @defaultValue not clipped: LARS
   */
  clipTo?: Rate;
}

/**
 * LARS (You et al., arXiv 1708.03888): `(g + weightDecay param) trust ||param|| / (||g|| + weightDecay ||param|| + epsilon)`,
 * and g alone if a norm is 0. With `clipTo`, LARC: the factor is `min(local / rate, 1)`.
 */
export const scaleByLocalRate = ({
  trust = 0.02,
  epsilon = 1e-8,
  weightDecay = 0.01,
  noDecay,
  clipTo,
  ...unknown
}: LocalRateOptions = {}): GradientTransformation<NoState> => {
  checkNoMore("scaleByLocalRate", unknown, "trust, epsilon, weightDecay, noDecay, clipTo");
  checkPositive("scaleByLocalRate", { trust, epsilon });
  checkNonNegative("scaleByLocalRate", { weightDecay });
  if (clipTo !== undefined) checkRate("scaleByLocalRate", clipTo);
  const mask = decayMask("scaleByLocalRate", noDecay);
  return perTensor(
    (g, param, name, progress) => {
      const decay = mask.decays(name) ? weightDecay : 0;
      const [size, slope] = [norm(param), norm(g)];
      const local = div(mul(size, trust), add(add(slope, mul(size, decay)), epsilon));
      const rate = clipTo === undefined ? 1 : rateAt("scaleByLocalRate", clipTo, progress);
      // A rate of 0 stops the step anyway; dividing by it would make it NaN.
      const factor = clipTo === undefined ? local : minimum(div(local, rate || 1), 1);
      return where(bothNonZero(size, slope), mul(add(g, mul(param, decay)), factor), g);
    },
    (params) => mask.check(Object.keys(params)),
  );
};
