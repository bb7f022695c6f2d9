import { checkOptions, fault } from "@cramkit/errors";
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
import type { Optimizer, OptimizerKernels, OptimizerState, Updated, Updating } from "../contracts.ts";
import { checkNoMore, checkPositive } from "../state/check.ts";
import { after, defineWrapper } from "../state/define-optimizer.ts";
import { choose, globalNorm, isFiniteScalar } from "../state/device-scalar.ts";
import { asMeasured } from "../state/tensor-map.ts";

export interface LossScalingOptions {
  /**
   * The first scale.
   *
   * @defaultValue 2^15
   */
  initial?: number;
  /**
   * The scale is divided by it after a step that was not finite, and multiplied after `growthInterval` good ones.
   *
   * @defaultValue 2
   */
  factor?: number;
  /** @defaultValue 2000 */
  growthInterval?: number;
  /**
   * The scale never falls below it.
   *
   * @defaultValue 1
   */
  lowest?: number;
  /**
   * The scale never grows above it.
   *
   * @defaultValue 2^24
   */
  highest?: number;
  /** @defaultValue none: the norm is made of tfjs-core's operations */
  kernels?: OptimizerKernels;
}

/** `scale` multiplies the loss of the next microbatch; `good` counts the finite steps since it last changed. */
export type LossScalingState = { scale: Tensor; good: Tensor; inner: OptimizerState };

/**
 * Dynamic loss scaling. The gradient function multiplies the loss by `lossScale(state)`, a scalar tensor, before it
 * differentiates; here the gradients are divided by it again, by a factor that travels with them. If their norm is
 * not finite the step is skipped and the scale falls. All of it happens on the device.
 */
export const lossScaling = <R extends Updating>(
  inner: Optimizer<R>,
  {
    initial = 2 ** 15,
    factor = 2,
    growthInterval = 2000,
    lowest = 1,
    highest = 2 ** 24,
    kernels,
    ...unknown
  }: LossScalingOptions = {},
): Optimizer<R | Updated> => {
  checkNoMore("lossScaling", unknown, "initial, factor, growthInterval, lowest, highest, kernels");
  checkPositive("lossScaling", { initial, "factor - 1": factor - 1, lowest, highest });
  if (!(lowest <= initial && initial <= highest)) {
    throw fault({
      code: "invalid-argument",
      place: "lossScaling",
      problem: `expected "initial" between "lowest" ${lowest} and "highest" ${highest}, got ${initial}`,
      type: RangeError,
    });
  }
  if (!(growthInterval >= 1)) {
    throw fault({
      code: "invalid-argument",
      place: "lossScaling",
      problem: `expected "growthInterval" to be at least 1, got ${growthInterval}`,
      type: RangeError,
    });
  }
  return defineWrapper<LossScalingState, R>(inner, {
    init: (params) => ({ scale: scalar(initial), good: scalar(0), inner: inner.init(params) }),
    update(gradients, { scale, good, inner: innerState }, params, progress, gradScale) {
      const { grads } = asMeasured(gradients);
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
      norm.dispose();
      return after(
        () => inner.update(gradients, innerState, params, progress, next.gradScale),
        (result) => ({ ...result, state: { scale: next.scale, good: next.good, inner: result.state } }),
        // `evaluate` may still multiply by the old scale.
        () => {
          for (const tensor of [next.gradScale, scale, good]) tensor.dispose();
        },
      );
    },
  });
};

export interface SkipOptions {
  /** @defaultValue none: the norm is made of tfjs-core's operations */
  kernels?: OptimizerKernels;
}

/** Skips steps whose gradients are not finite, on the device. `clip` and `lossScaling` do so, too. */
export const skipNonFinite = <R extends Updating>(
  inner: Optimizer<R>,
  options: SkipOptions = {},
): Optimizer<R | Updated> => {
  checkOptions("skipNonFinite", options, { kernels: true });
  const { kernels } = options;
  return defineWrapper<OptimizerState, R>(inner, {
    init: inner.init,
    update(gradients, state, params, progress, gradScale) {
      const norm = globalNorm(asMeasured(gradients).grads, kernels);
      const scale = tidy(() => choose(isFiniteScalar(norm), gradScale ?? 1, 0));
      norm.dispose();
      return after(
        () => inner.update(gradients, state, params, progress, scale),
        (result) => result,
        () => scale.dispose(),
      );
    },
  });
};
