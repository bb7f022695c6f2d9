import type { Optimizer, Updated } from "../contracts.ts";
import { defineOptimizer } from "../state/define-optimizer.ts";
import { disposeGradients } from "../state/tensor-map.ts";

/** Leaves its parameters as they are: for a group that does not train. */
export const frozen = (): Optimizer<Updated> =>
  defineOptimizer<Record<string, never>>({
    init: () => ({}),
    update(gradients, state, params) {
      disposeGradients(gradients);
      return { params, state, applied: false };
    },
  });
