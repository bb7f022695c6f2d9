import { add, div, minimum, mul, scalar, type Tensor, tidy } from "@tensorflow/tfjs-core";
import type {
  GradientTransformation,
  Optimizer,
  OptimizerKernels,
  OptimizerState,
  TensorMap,
  Updated,
  Updating,
} from "../contracts.ts";
import { checkNoMore, checkPositive } from "../state/check.ts";
import { after, defineWrapper } from "../state/define-optimizer.ts";
import { choose, globalNorm, isFiniteScalar } from "../state/device-scalar.ts";
import { asMeasured, disposeMap, mapTensors } from "../state/tensor-map.ts";

export interface ClipOptions {
  /**
   * Of the L2 norm over all gradients.
   *
   * @defaultValue 0.5
   */
  maxNorm?: number;
  /** @defaultValue none: the norm is made of tfjs-core's operations */
  kernels?: OptimizerKernels;
}

/** As PyTorch: min(1, maxNorm / (norm + 1e-6)). Zero for an infinite norm. */
const factorOf = (norm: Tensor, maxNorm: number): Tensor => tidy(() => minimum(div(maxNorm, add(norm, 1e-6)), 1));

/**
 * The norm before clipping, and the steps that were skipped because it was not finite: all of them, and those in a row up to
 * now. `readings` reads them.
 */
export type ClipState = {
  norm: Tensor;
  skipped: Tensor;
  skippedInARow: Tensor;
  inner: OptimizerState;
};

/** What a kernel for clipping would leave. */
const composed = (
  grads: TensorMap,
  state: ClipState,
  maxNorm: number,
  gradScale: Tensor | undefined,
  kernels: OptimizerKernels | undefined,
) =>
  tidy(() => {
    const raw = globalNorm(grads, kernels);
    const norm = gradScale ? mul(raw, gradScale) : raw;
    const factor = gradScale ? mul(factorOf(norm, maxNorm), gradScale) : factorOf(norm, maxNorm);
    const finite = isFiniteScalar(norm);
    return {
      ...{ norm, factor, skipped: add(state.skipped, choose(finite, 0, 1)) },
      skippedInARow: choose(finite, 0, add(state.skippedInARow, 1)),
    };
  });

/**
 * Clips the gradients to a global L2 norm before they reach `inner`. Nothing is multiplied here: the factor travels with
 * the gradients. A norm that is not finite skips the step.
 */
export const clip = <R extends Updating>(
  inner: Optimizer<R>,
  { maxNorm = 0.5, kernels, ...unknown }: ClipOptions = {},
): Optimizer<R | Updated> => {
  checkNoMore("clip", unknown, "maxNorm, kernels");
  checkPositive("clip", { maxNorm });
  return defineWrapper<ClipState, R>(inner, {
    init: (params) => ({
      norm: scalar(0),
      skipped: scalar(0),
      skippedInARow: scalar(0),
      inner: inner.init(params),
    }),
    update(gradients, state, params, progress, gradScale) {
      const { grads } = asMeasured(gradients);
      const { norm, factor, ...counts } =
        kernels?.clip?.(Object.values(grads), state, { maxNorm, gradScale }) ??
        composed(grads, state, maxNorm, gradScale, kernels);
      for (const tensor of [state.norm, state.skipped, state.skippedInARow]) tensor.dispose();
      return after(
        () => inner.update(gradients, state.inner, params, progress, factor),
        (result) => ({ ...result, state: { norm, ...counts, inner: result.state } }),
        () => factor.dispose(),
      );
    },
  });
};

/** The same as a transformation, for a chain: multiplies the updates. */
export const clipByGlobalNorm = ({
  maxNorm = 0.5,
  kernels,
  ...unknown
}: ClipOptions = {}): GradientTransformation<{ norm: Tensor }> => {
  checkNoMore("clipByGlobalNorm", unknown, "maxNorm, kernels");
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
