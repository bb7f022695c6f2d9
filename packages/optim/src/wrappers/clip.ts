import { add, div, minimum, mul, scalar, type Tensor, tidy } from "@tensorflow/tfjs-core";
import type { GradientTransformation, Kernels, Optimizer, State } from "../contracts.ts";
import { checkPositive } from "../state/check.ts";
import { choose, globalNorm, isFiniteScalar } from "../state/device-scalar.ts";
import { asEvaluation, disposeMap, mapTensors } from "../state/tensor-map.ts";

export interface ClipOptions {
  maxNorm?: number;
  kernels?: Kernels;
}

/** As PyTorch: min(1, maxNorm / (norm + 1e-6)). Zero for an infinite norm. */
const factorOf = (norm: Tensor, maxNorm: number): Tensor => tidy(() => minimum(div(maxNorm, add(norm, 1e-6)), 1));

/**
 * The norm before clipping is in the state: `state.norm.data()` reads it, until the next update consumes it. So are the
 * steps that were skipped because it was not finite: all of them, and those in a row up to now.
 */
export type ClipState<S extends State = State> = {
  norm: Tensor;
  skipped: Tensor;
  skippedInARow: Tensor;
  inner: S;
};

/**
 * Clips the gradients to a global L2 norm before they reach `inner`. Nothing is multiplied here: the factor travels with
 * the gradients. A norm that is not finite skips the step.
 */
export const clip = <S extends State>(
  inner: Optimizer<S>,
  { maxNorm = 0.5, kernels }: ClipOptions = {},
): Optimizer<ClipState<S>> => {
  checkPositive("clip", { maxNorm });
  return {
    init: (params) => ({
      norm: scalar(0),
      skipped: scalar(0),
      skippedInARow: scalar(0),
      inner: inner.init(params),
    }),
    update(gradients, state, params, progress, gradScale) {
      const raw = globalNorm(asEvaluation(gradients).grads, kernels);
      const norm = gradScale ? mul(raw, gradScale) : raw.clone();
      const factor = tidy(() => (gradScale ? mul(factorOf(norm, maxNorm), gradScale) : factorOf(norm, maxNorm)));
      const counts = tidy(() => {
        const finite = isFiniteScalar(norm);
        return {
          skipped: add(state.skipped, choose(finite, 0, 1)),
          skippedInARow: choose(finite, 0, add(state.skippedInARow, 1)),
        };
      });
      for (const tensor of [raw, state.norm, state.skipped, state.skippedInARow]) tensor.dispose();
      const result = inner.update(gradients, state.inner, params, progress, factor);
      factor.dispose();
      return { ...result, state: { norm, ...counts, inner: result.state } };
    },
  };
};

/** The same as a transformation, for a chain: multiplies the updates. */
export const clipByGlobalNorm = ({
  maxNorm = 0.5,
  kernels,
}: ClipOptions = {}): GradientTransformation<{ norm: Tensor }> => {
  checkPositive("clipByGlobalNorm", { maxNorm });
  return {
    init: () => ({ norm: scalar(0) }),
    update(updates, state) {
      state.norm.dispose();
      const norm = globalNorm(updates, kernels);
      const factor = factorOf(norm, maxNorm);
      const clipped = mapTensors(updates, (update) => mul(update, factor));
      factor.dispose();
      disposeMap(updates);
      return { updates: clipped, state: { norm } };
    },
  };
};
