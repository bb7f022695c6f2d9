import { add, greater, mul, type Tensor, where } from "@tensorflow/tfjs-core";
import type { GradientTransformation, Rate } from "../contracts.ts";
import { checkNoMore, checkNonNegative, checkRate, rateAt } from "../state/check.ts";
import { decayMask, type Pattern } from "../state/patterns.ts";
import { disposeMap, mapTensors } from "../state/tensor-map.ts";

export type NoState = Record<string, never>;

export interface DecayOptions {
  /** @defaultValue 0.01, or what the optimizer says */
  weightDecay?: number;
  /**
   * Parameters without weight decay.
   *
   * @defaultValue `studyNoDecay`, biases and norms
   */
  noDecay?: readonly Pattern[];
}

export interface AddDecayOptions extends DecayOptions {
  /**
   * Only if the update and the parameter have the same sign, so that both make it smaller (Chen et al., arXiv 2510.12402).
   *
   * @defaultValue false
   */
  cautious?: boolean;
}

/**
 * `u + weightDecay param`. Before a preconditioner this is L2 regularization, after it decoupled weight decay.
 */
export const addDecayedWeights = ({
  weightDecay = 0.01,
  noDecay,
  cautious = false,
  ...unknown
}: AddDecayOptions = {}): GradientTransformation<NoState> => {
  checkNoMore("addDecayedWeights", unknown, "weightDecay, noDecay, cautious");
  checkNonNegative("addDecayedWeights", { weightDecay });
  const mask = decayMask("addDecayedWeights", noDecay);
  return {
    init(params) {
      mask.check(Object.keys(params));
      return {};
    },
    update(updates, state, params) {
      if (weightDecay === 0) return { updates, state };
      const decayOf = (u: Tensor, param: Tensor) =>
        cautious ? where(greater(mul(u, param), 0), mul(param, weightDecay), 0) : mul(param, weightDecay);
      const next = mapTensors(updates, (u, name) =>
        mask.decays(name) ? add(u, decayOf(u, params[name]!)) : u.clone(),
      );
      disposeMap(updates);
      return { updates: next, state };
    },
  };
};

/** `-learningRate u`: the last link of a chain, after which updates are added to the parameters. */
export const scaleByLearningRate = (learningRate: Rate): GradientTransformation<NoState> => {
  checkRate("scaleByLearningRate", learningRate);
  return {
    init: () => ({}),
    update(updates, state, _, progress) {
      const rate = rateAt("scaleByLearningRate", learningRate, progress);
      const next = mapTensors(updates, (u) => mul(u, -rate));
      disposeMap(updates);
      return { updates: next, state };
    },
  };
};
