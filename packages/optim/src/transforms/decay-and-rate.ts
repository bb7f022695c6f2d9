import { add, mul } from "@tensorflow/tfjs-core";
import type { GradientTransformation, Rate } from "../contracts.ts";
import { checkNoMore, checkNonNegative, checkRate, rateAt } from "../state/check.ts";
import { decayMask, type Pattern } from "../state/patterns.ts";
import { disposeMap, mapTensors } from "../state/tensor-map.ts";

export type NoState = Record<string, never>;

export interface DecayOptions {
  weightDecay?: number;
  /** Parameters without weight decay. Default: `studyNoDecay`, biases and norms. */
  noDecay?: readonly Pattern[];
}

/**
 * `u + weightDecay param`. Before a preconditioner this is L2 regularization, behind it decoupled weight decay.
 */
export const addDecayedWeights = ({
  weightDecay = 0.01,
  noDecay,
  ...unknown
}: DecayOptions = {}): GradientTransformation<NoState> => {
  checkNoMore("addDecayedWeights", unknown, "weightDecay, noDecay");
  checkNonNegative("addDecayedWeights", { weightDecay });
  const mask = decayMask("addDecayedWeights", noDecay);
  return {
    init(params) {
      mask.check(Object.keys(params));
      return {};
    },
    update(updates, state, params) {
      if (weightDecay === 0) return { updates, state };
      const next = mapTensors(updates, (u, name) =>
        mask.decays(name) ? add(u, mul(params[name]!, weightDecay)) : u.clone(),
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
