import { checkOptions } from "@cramkit/errors";
import { add, mul, sign } from "@tensorflow/tfjs-core";
import type { GradientTransformation, TensorMap } from "../contracts.ts";
import { checkBetas, checkFit, checkNoMore } from "../state/check.ts";
import { disposeMap, mapEach, zerosOf } from "../state/tensor-map.ts";

export interface MomentumOptions {
  /**
   * Decay of the sum of gradients.
   *
   * @defaultValue `0.9`
   */
  momentum?: number;
  /**
   * Look one step ahead, as Nesterov does.
   *
   * @defaultValue `true`
   */
  nesterov?: boolean;
}

export type MomentumState = { mu: TensorMap };

/** `mu = momentum mu + g`, and `g + momentum mu` with Nesterov's look-ahead: PyTorch's form, without dampening. */
export const trace = ({
  momentum = 0.9,
  nesterov = true,
  ...unknown
}: MomentumOptions = {}): GradientTransformation<MomentumState> => {
  checkNoMore("trace", unknown, "momentum, nesterov");
  checkBetas("trace", { momentum });
  return {
    init: (params) => ({ mu: zerosOf(params) }),
    update(updates, state, params) {
      checkFit("trace", "mu", state.mu, params);
      const next = mapEach(params, (name) => {
        const g = updates[name]!;
        const mu = add(mul(state.mu[name]!, momentum), g);
        return { mu, u: nesterov ? add(g, mul(mu, momentum)) : mu.clone() };
      });
      disposeMap(updates);
      disposeMap(state.mu);
      return { updates: next.u, state: { mu: next.mu } };
    },
  };
};

/** Lion (Chen et al., arXiv 2302.06675): the sign of `b1 mu + (1 - b1) g`, then `mu = b2 mu + (1 - b2) g`. */
export const scaleByLion = (
  options: {
    /** @defaultValue `0.9` */
    b1?: number;
    /** @defaultValue `0.99` */
    b2?: number;
  } = {},
): GradientTransformation<MomentumState> => {
  checkOptions("scaleByLion", options, { b1: true, b2: true });
  const { b1 = 0.9, b2 = 0.99 } = options;
  checkBetas("scaleByLion", { b1, b2 });
  return {
    init: (params) => ({ mu: zerosOf(params) }),
    update(updates, state, params) {
      checkFit("scaleByLion", "mu", state.mu, params);
      const next = mapEach(params, (name) => {
        const [g, mu] = [updates[name]!, state.mu[name]!];
        return { u: sign(add(mul(mu, b1), mul(g, 1 - b1))), mu: add(mul(mu, b2), mul(g, 1 - b2)) };
      });
      disposeMap(updates);
      disposeMap(state.mu);
      return { updates: next.u, state: { mu: next.mu } };
    },
  };
};
