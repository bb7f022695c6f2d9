import type { Optimizer, OptimizerState, Updated, Updating } from "../contracts.ts";
import { checkFit } from "../state/check.ts";
import { after, defineWrapper } from "../state/define-optimizer.ts";
import { choose, isTaken, scaledOrZero } from "../state/device-scalar.ts";
import { asMeasured, disposeMap, mapTensors } from "../state/tensor-map.ts";
import { type LocalRateOptions, scaleByLocalRate } from "../transforms/trust-ratio.ts";

/**
 * LARS, or with `clipTo` LARC, around any optimizer, as in the study: `inner` is given the gradients with the decay in them, scaled by
 * each tensor's local rate (`scaleByLocalRate`). `inner` should not decay itself. It goes inside of clipping and accumulation.
 */
export const localRates = <R extends Updating>(
  inner: Optimizer<R>,
  options: LocalRateOptions = {},
): Optimizer<R | Updated> => {
  const rates = scaleByLocalRate(options);
  return defineWrapper<OptimizerState, R>(inner, {
    init(params) {
      rates.init(params);
      return inner.init(params);
    },
    update(gradients, state, params, progress, gradScale) {
      const { grads, ...more } = asMeasured(gradients);
      checkFit("localRates", "gradients", grads, params);
      // Local rates are of gradients as they are: what scales them comes first, and of it only its verdict remains.
      const taken = gradScale && isTaken(gradScale);
      const plain = gradScale ? mapTensors(grads, (grad) => scaledOrZero(grad, gradScale, taken!)) : grads;
      if (gradScale) disposeMap(grads);
      const { updates } = rates.update(plain, {}, params, progress);
      const scale = taken && choose(taken, 1, 0);
      taken?.dispose();
      return after(
        () => inner.update({ ...more, grads: updates }, state, params, progress, scale),
        (result) => result,
        () => scale?.dispose(),
      );
    },
  });
};
