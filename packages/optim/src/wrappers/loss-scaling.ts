import {
  add,
  div,
  greaterEqual,
  logicalAnd,
  maximum,
  minimum,
  mul,
  scalar,
  type Tensor,
  tidy,
} from "@tensorflow/tfjs-core";
import type { Kernels, Optimizer, State } from "../contracts.ts";
import { checkPositive } from "../state/check.ts";
import { choose, globalNorm, isFiniteScalar } from "../state/device-scalar.ts";
import { asEvaluation } from "../state/tensor-map.ts";

export interface LossScalingOptions {
  /** The first scale. */
  initial?: number;
  /** By how much the scale falls after a step that was not finite, and grows after `growthInterval` good ones. */
  factor?: number;
  growthInterval?: number;
  /** Bounds of the scale. */
  lowest?: number;
  highest?: number;
  kernels?: Kernels;
}

/** `scale` multiplies the loss of the next microbatch; `good` counts the finite steps since it last changed. */
export type LossScalingState<S extends State = State> = { scale: Tensor; good: Tensor; inner: S };

/**
 * Dynamic loss scaling. The gradient function multiplies the loss by `state.scale`, a scalar tensor, before it
 * differentiates; here the gradients are divided by it again, by a factor that travels with them. Where their norm is
 * not finite the step is skipped and the scale falls. All of it happens on the device.
 */
export const lossScaling = <S extends State>(
  inner: Optimizer<S>,
  {
    initial = 2 ** 15,
    factor = 2,
    growthInterval = 2000,
    lowest = 1,
    highest = 2 ** 24,
    kernels,
  }: LossScalingOptions = {},
): Optimizer<LossScalingState<S>> => {
  checkPositive("lossScaling", { initial, "factor - 1": factor - 1, lowest, highest });
  if (!(lowest <= initial && initial <= highest)) {
    throw new RangeError(
      `lossScaling: expected "initial" between "lowest" ${lowest} and "highest" ${highest}, got ${initial}`,
    );
  }
  if (!(growthInterval >= 1)) {
    throw new RangeError(`lossScaling: expected "growthInterval" to be at least 1, got ${growthInterval}`);
  }
  return {
    init: (params) => ({ scale: scalar(initial), good: scalar(0), inner: inner.init(params) }),
    update(gradients, { scale, good, inner: innerState }, params, progress, gradScale) {
      const { grads } = asEvaluation(gradients);
      const norm = globalNorm(grads, kernels);
      const next = tidy(() => {
        const finite = isFiniteScalar(norm);
        const unscale = gradScale ? div(gradScale, scale) : div(1, scale);
        const counted = add(good, 1);
        const grows = logicalAnd(finite, greaterEqual(counted, Math.min(growthInterval, 3e38)));
        const kept = choose(grows, minimum(mul(scale, factor), highest), scale);
        return {
          gradScale: choose(finite, unscale, 0),
          scale: choose(finite, kept, maximum(div(scale, factor), lowest)),
          good: mul(choose(finite, counted, 0), choose(grows, 0, 1)),
        };
      });
      const result = inner.update(gradients, innerState, params, progress, next.gradScale);
      for (const tensor of [norm, next.gradScale, scale, good]) tensor.dispose();
      return { ...result, state: { scale: next.scale, good: next.good, inner: result.state } };
    },
  };
};

/** Skips steps whose gradients are not finite, on the device. `clip` and `lossScaling` do so, too. */
export const skipNonFinite = <S extends State>(
  inner: Optimizer<S>,
  { kernels }: { kernels?: Kernels } = {},
): Optimizer<S> => ({
  init: inner.init,
  update(gradients, state, params, progress, gradScale) {
    const norm = globalNorm(asEvaluation(gradients).grads, kernels);
    const scale = tidy(() => choose(isFiniteScalar(norm), gradScale ?? 1, 0));
    const result = inner.update(gradients, state, params, progress, scale);
    norm.dispose();
    scale.dispose();
    return result;
  },
});
