import { fault } from "@cramkit/errors";
import { add, div, maximum, mul } from "@tensorflow/tfjs-core";
import type { Optimizer, OptimizerKernels, OptimizerState, Updated, Updating } from "../contracts.ts";
import { checkNoMore, checkPositive } from "../state/check.ts";
import { after, defineWrapper } from "../state/define-optimizer.ts";
import { choose, globalNorm, isTaken } from "../state/device-scalar.ts";
import { requireEvaluate } from "../state/evaluation.ts";
import { asMeasured, disposeMap, mapTensors } from "../state/tensor-map.ts";

export interface SamOptions {
  /**
   * The radius of the neighbourhood, in the L2 norm over all parameters.
   *
   * @defaultValue 0.05
   */
  rho?: number;
  /** @defaultValue none: the norm is made of tfjs-core's operations */
  kernels?: OptimizerKernels;
}

/**
 * Sharpness-aware minimization (Foret et al., arXiv 2010.01412): `inner` is given the gradients at
 * `params + rho g / ||g||`. Needs `evaluate`. It goes outside of `accumulate`, so that each microbatch climbs on its own,
 * and throws if it finds itself inside.
 */
export const sam = <R extends Updating>(
  inner: Optimizer<R>,
  { rho = 0.05, kernels, ...unknown }: SamOptions = {},
): Optimizer<R | Updated> => {
  checkNoMore("sam", unknown, "rho, kernels");
  checkPositive("sam", { rho });
  return defineWrapper<OptimizerState, R>(inner, {
    init: inner.init,
    update(gradients, state, params, progress, gradScale) {
      const { grads, accumulated, targets, ...more } = asMeasured(gradients);
      const evaluate = requireEvaluate("sam", more.evaluate);
      if (accumulated) {
        throw fault({
          code: "invalid-argument",
          place: "sam",
          problem:
            "expected the gradients of one microbatch, got an accumulated mean, of which the second gradients would see the last microbatch only",
          remedy: "put sam outside: sam(accumulate(...))",
          type: TypeError,
        });
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
      taken?.dispose();
      const measured = { grads: there, evaluate, ...(targets !== undefined && { targets }) };
      return after(
        () => inner.update(measured, state, params, progress, scale),
        (result) => result,
        () => scale?.dispose(),
      );
    },
  });
};
