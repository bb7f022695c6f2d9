import { add, div, maximum, mul } from "@tensorflow/tfjs-core";
import type { Kernels, Optimizer, State } from "../contracts.ts";
import { checkPositive } from "../state/check.ts";
import { choose, globalNorm, isTaken } from "../state/device-scalar.ts";
import { requireEvaluate } from "../state/evaluation.ts";
import { asEvaluation, disposeMap, mapTensors } from "../state/tensor-map.ts";

export interface SamOptions {
  /** The radius of the neighbourhood, in the L2 norm over all parameters. */
  rho?: number;
  kernels?: Kernels;
}

/**
 * Sharpness-aware minimization (Foret et al., arXiv 2010.01412): `inner` is given the gradients at
 * `params + rho g / ||g||`. Needs `evaluate`. It goes outside of `accumulate`, so that each microbatch climbs on its own,
 * and throws where it finds itself inside.
 */
export const sam = <S extends State>(inner: Optimizer<S>, { rho = 0.05, kernels }: SamOptions = {}): Optimizer<S> => {
  checkPositive("sam", { rho });
  return {
    init: inner.init,
    update(gradients, state, params, progress, gradScale) {
      const { grads, accumulated, ...more } = asEvaluation(gradients);
      const evaluate = requireEvaluate("sam", more.evaluate);
      if (accumulated) {
        throw new TypeError(
          "sam: expected the gradients of one microbatch, got an accumulated mean, of which the second gradients would see the last microbatch only; put sam outside: sam(accumulate(...))",
        );
      }
      const norm = globalNorm(grads, kernels);
      const climbed = mapTensors(params, (param, name) =>
        add(param, mul(grads[name]!, div(rho, maximum(norm, 1e-12)))),
      );
      norm.dispose();
      disposeMap(grads);
      const there = evaluate(climbed);
      disposeMap(climbed);
      // The new gradients are not scaled; of the scale only its verdict remains.
      const taken = gradScale && isTaken(gradScale);
      const scale = taken && choose(taken, 1, 0);
      const result = inner.update({ grads: there, evaluate }, state, params, progress, scale);
      taken?.dispose();
      scale?.dispose();
      return result;
    },
  };
};
