import { add, div, mul, scalar, sqrt, square, sub, type Tensor, tidy } from "@tensorflow/tfjs-core";
import type { AdamwAttrs, Optimizer, OptimizerKernels, Rate, Updated } from "../contracts.ts";
import {
  checkBetas,
  checkFit,
  checkNoMore,
  checkNonNegative,
  checkPositive,
  checkRate,
  rateAt,
} from "../state/check.ts";
import { defineOptimizer } from "../state/define-optimizer.ts";
import { choose, isTaken, scaledOrZero } from "../state/device-scalar.ts";
import { decayMask, type Pattern } from "../state/patterns.ts";
import { asMeasured, disposeMap, unsharedMap, zerosOf } from "../state/tensor-map.ts";
import type { MomentState } from "../transforms/scale-by-adam.ts";

export interface AdamwOptions {
  /**
   * Step size, a number or a schedule.
   *
   * @defaultValue `1e-3`
   */
  learningRate?: Rate;
  /**
   * Decay of the first moment.
   *
   * @defaultValue `0.9`
   */
  b1?: number;
  /**
   * Decay of the second moment.
   *
   * @defaultValue `0.98`
   */
  b2?: number;
  /**
   * Added to the root of the second moment.
   *
   * @defaultValue `1e-12`
   */
  epsilon?: number;
  /**
   * Decoupled weight decay, a share of the weight times the learning rate.
   *
   * @defaultValue `0.01`
   */
  weightDecay?: number;
  /**
   * Parameters without weight decay.
   *
   * @defaultValue `studyNoDecay`: biases and norms
   */
  noDecay?: readonly Pattern[];
  /**
   * In-place kernels of the backend.
   *
   * @defaultValue none: tfjs-core computes the same numbers
   */
  kernels?: OptimizerKernels;
}

/**
 * AdamW with decoupled weight decay that is multiplied by the learning rate, as PyTorch's:
 *
 *     mu = b1 mu + (1 - b1) g,  nu = b2 nu + (1 - b2) g^2
 *     param -= learningRate (mu / (1 - b1^t) / (sqrt(nu / (1 - b2^t)) + epsilon) + weightDecay param)
 *
 * Defaults are those of the study. t counts the updates that were asked for, those that the device skipped included.
 */
export const adamw = ({
  learningRate = 1e-3,
  b1 = 0.9,
  b2 = 0.98,
  epsilon = 1e-12,
  weightDecay = 0.01,
  noDecay,
  kernels = {},
  ...unknown
}: AdamwOptions = {}): Optimizer<Updated> => {
  checkNoMore("adamw", unknown, "learningRate, b1, b2, epsilon, weightDecay, noDecay, kernels");
  const mask = checkAdamw("adamw", { learningRate, b1, b2, epsilon, weightDecay, noDecay });
  return defineOptimizer<MomentState>({
    init(params) {
      mask.check(Object.keys(params));
      return { count: 0, mu: zerosOf(params), nu: zerosOf(params) };
    },
    update(gradients, { count, mu, nu }, params, progress, gradScale) {
      const { grads } = asMeasured(gradients);
      checkFit("adamw", "gradients", grads, params);
      checkFit("adamw", "mu", mu, params);
      checkFit("adamw", "nu", nu, params);
      const step = count + 1;
      const attrs = {
        learningRate: rateAt("adamw", learningRate, progress),
        b1,
        b2,
        epsilon,
        correction1: 1 - b1 ** step,
        correction2: 1 - b2 ** step,
      };
      const decayOf = (name: string) => (mask.decays(name) ? weightDecay : 0);
      if (kernels.adamw) {
        const scale = gradScale ?? scalar(1);
        // A clone that the caller keeps, a snapshot of the weights for example, has the same data.
        const own = { params: unsharedMap(params), mu: unsharedMap(mu), nu: unsharedMap(nu) };
        const updates = Object.entries(own.params).map(([name, param]) => ({
          ...{ param, grad: grads[name]!, mu: own.mu[name]!, nu: own.nu[name]! },
          weightDecay: decayOf(name),
        }));
        kernels.adamw(updates, scale, attrs);
        if (!gradScale) scale.dispose();
        disposeMap(grads);
        return { params: own.params, state: { count: step, mu: own.mu, nu: own.nu }, applied: true };
      }
      const taken = gradScale && { gradScale, is: isTaken(gradScale) };
      const next = { params: {}, mu: {}, nu: {} } as Record<"params" | "mu" | "nu", Record<string, Tensor>>;
      for (const name of Object.keys(params)) {
        const tensors = [params[name]!, grads[name]!, mu[name]!, nu[name]!] as const;
        [next.params[name], next.mu[name], next.nu[name]] = reference(...tensors, taken, {
          ...attrs,
          weightDecay: decayOf(name),
        });
        for (const tensor of tensors) tensor.dispose();
      }
      taken?.is.dispose();
      return { params: next.params, state: { count: step, mu: next.mu, nu: next.nu }, applied: true };
    },
  });
};

/** Checks what all forms of AdamW take. @returns which parameters decay */
export const checkAdamw = (
  name: string,
  {
    learningRate,
    b1,
    b2,
    epsilon,
    weightDecay,
    noDecay,
  }: Required<Omit<AdamwOptions, "kernels" | "noDecay">> & Pick<AdamwOptions, "noDecay">,
) => {
  checkRate(name, learningRate);
  checkBetas(name, { b1, b2 });
  checkPositive(name, { epsilon });
  checkNonNegative(name, { weightDecay });
  return decayMask(name, noDecay);
};

/** One parameter's step from tfjs-core: -> [param, mu, nu]. A step that is skipped keeps them by its coefficients. */
const reference = (
  param: Tensor,
  grad: Tensor,
  mu: Tensor,
  nu: Tensor,
  taken: { gradScale: Tensor; is: Tensor } | undefined,
  { learningRate, b1, b2, epsilon, weightDecay, correction1, correction2 }: AdamwAttrs & { weightDecay: number },
): [Tensor, Tensor, Tensor] =>
  tidy(() => {
    const g = taken ? scaledOrZero(grad, taken.gradScale, taken.is) : grad;
    const ifTaken = (value: number, otherwise: number) => (taken ? choose(taken.is, value, otherwise) : value);
    const m = add(mul(mu, ifTaken(b1, 1)), mul(g, ifTaken(1 - b1, 0)));
    const v = add(mul(nu, ifTaken(b2, 1)), mul(square(g), ifTaken(1 - b2, 0)));
    const update = div(div(m, correction1), add(sqrt(div(v, correction2)), epsilon));
    const decayed = weightDecay === 0 ? update : add(update, mul(param, weightDecay));
    return [sub(param, mul(decayed, ifTaken(learningRate, 0))), m, v];
  });
