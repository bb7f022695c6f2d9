import {
  add,
  div,
  greaterEqual,
  less,
  logicalAnd,
  logicalOr,
  maximum,
  mul,
  scalar,
  square,
  sub,
  type Tensor,
  tidy,
  where,
} from "@tensorflow/tfjs-core";
import type { Kernels, Optimizer, State, TensorMap } from "../contracts.ts";
import { checkCount, checkFit, checkPositive } from "../state/check.ts";
import { choose, globalNorm, scaleEach } from "../state/device-scalar.ts";
import { ofLastMicrobatch } from "../state/evaluation.ts";
import { asEvaluation, disposeMap, mapTensors, zerosOf } from "../state/tensor-map.ts";

export interface ProgressiveBatchOptions {
  /** The part of the squared norm of the mean gradient that its variance may have. */
  theta?: number;
  /** Bounds of the number of microbatches. */
  least?: number;
  most?: number;
  /** Never take fewer microbatches than for the step before. */
  monotone?: boolean;
  kernels?: Kernels;
}

/**
 * `count`, `least` and `taken` are numbers of microbatches: of the batch under way, that the next needs, and of the last one,
 * 0 before there is one. `squares` is the sum of the squared norms of the gradients in `sums`.
 */
export type ProgressiveBatchState<S extends State = State> = {
  count: Tensor;
  least: Tensor;
  taken: Tensor;
  squares: Tensor;
  sums: TensorMap;
  inner: S;
};

/**
 * A batch that grows until its gradient is known well enough, by the norm test (Byrd et al., 2012): with n gradients g_i
 * and their mean g, a step is taken when `sum ||g_i - g||^2 / (n - 1) / n < theta ||g||^2`, or n is `most`.
 *
 * The test is decided on the device. The host cannot see it, so `inner` runs after every microbatch, skipped there by a
 * scale of 0, and `applied` is always true: steps are counted in microbatches. A microbatch that arrives with a scale of 0
 * adds nothing; one that is not finite spoils its batch, which `clip` or `skipNonFinite` inside then drops.
 */
export const progressiveBatch = <S extends State>(
  inner: Optimizer<S>,
  { theta = 0.9, least = 2, most = 128, monotone = false, kernels }: ProgressiveBatchOptions = {},
): Optimizer<ProgressiveBatchState<S>> => {
  checkPositive("progressiveBatch", { theta });
  checkCount("progressiveBatch", { least, most, "least - 1": least - 1, "most - least + 1": most - least + 1 });
  return {
    init: (params) => ({
      count: scalar(0),
      least: scalar(least),
      taken: scalar(0),
      squares: scalar(0),
      sums: zerosOf(params),
      inner: inner.init(params),
    }),
    update(gradients, state, params, progress, gradScale) {
      const { grads: given, evaluate } = asEvaluation(gradients);
      checkFit("progressiveBatch", "gradients", given, params);
      checkFit("progressiveBatch", "sums", state.sums, params);
      const grads = gradScale ? scaleEach(given, gradScale) : given;
      const sums = mapTensors(state.sums, (sum, name) => add(sum, grads[name]!));
      const norms = { one: globalNorm(grads, kernels), sum: globalNorm(sums, kernels) };
      disposeMap(grads);
      const test = tidy(() => {
        const count = add(state.count, 1);
        const squares = add(state.squares, square(norms.one));
        const mean = square(div(norms.sum, count));
        const variance = div(sub(squares, mul(mean, count)), maximum(sub(count, 1), 1));
        const known = logicalAnd(greaterEqual(count, state.least), less(div(variance, count), mul(mean, theta)));
        const steps = logicalOr(known, greaterEqual(count, most));
        return {
          steps,
          factor: choose(steps, div(1, count), 0),
          count: choose(steps, 0, count),
          squares: choose(steps, 0, squares),
          taken: choose(steps, count, state.taken),
          least: monotone ? choose(steps, count, state.least) : state.least.clone(),
        };
      });
      const lent = mapTensors(sums, (sum) => sum.clone());
      const result = inner.update(ofLastMicrobatch(lent, evaluate), state.inner, params, progress, test.factor);
      const next = mapTensors(sums, (sum) => where(test.steps, 0, sum));
      for (const map of [sums, state.sums, norms]) disposeMap(map);
      const { steps, factor, ...counters } = test;
      for (const tensor of [steps, factor, state.count, state.squares, state.least, state.taken]) tensor.dispose();
      return { ...result, state: { ...counters, sums: next, inner: result.state } };
    },
  };
};
