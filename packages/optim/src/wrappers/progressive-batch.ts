import { fault } from "@cramkit/errors";
import {
  add,
  div,
  greater,
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
  zerosLike,
} from "@tensorflow/tfjs-core";
import type { Optimizer, OptimizerKernels, OptimizerState, TensorMap, Updated, Updating } from "../contracts.ts";
import { checkCount, checkFit, checkNoMore, checkPositive } from "../state/check.ts";
import { after, defineWrapper } from "../state/define-optimizer.ts";
import { choose, globalNorm, scaleEach } from "../state/device-scalar.ts";
import { ofLastMicrobatch } from "../state/evaluation.ts";
import { asMeasured, disposeMap, mapTensors, zerosOf } from "../state/tensor-map.ts";

export const batchRules = ["norm", "inner-product", "cosine"] as const;

export interface ProgressiveBatchOptions {
  /**
   * How a batch is found large enough, see `progressiveBatch`.
   *
   * @defaultValue "norm"
   */
  rule?: (typeof batchRules)[number];
  /**
   * The bound of the rule's test.
   *
   * @defaultValue 0.9
   */
  theta?: number;
  /**
   * Fewest microbatches of a batch.
   *
   * @defaultValue 2
   */
  least?: number;
  /**
   * Most microbatches of a batch.
   *
   * @defaultValue 128
   */
  most?: number;
  /**
   * Never take fewer microbatches than for the step before.
   *
   * @defaultValue false
   */
  monotone?: boolean;
  /** @defaultValue none: norms are made of tfjs-core's operations */
  kernels?: OptimizerKernels;
}

/**
 * `count`, `least` and `taken` are numbers of microbatches: of the batch under way, that the next needs, and of the last one,
 * 0 before there is one. Of the batch under way: `weight` is the sum of the microbatches' weights, `squares` that of their
 * gradients' squared norms, weighted; `sum` is the norm of `sums`; `products` and `productSquares` are sums over the products of
 * a gradient with the mean of those before it.
 */
export type ProgressiveBatchState = {
  /** Targets of the first microbatch of all: weights are in proportion to it. 0 if gradients do not say. */
  unit: number;
  count: Tensor;
  weight: Tensor;
  least: Tensor;
  taken: Tensor;
  squares: Tensor;
  sum: Tensor;
  products: Tensor;
  productSquares: Tensor;
  sums: TensorMap;
  inner: OptimizerState;
};

/**
 * A batch that grows until its gradient is known well enough. With n gradients g_i, their mean g, m_i the mean of the first i
 * of them and p_i = <g_i, m_(i-1)>, a step is taken if n is `most`, or n is at least `least` and
 *
 *     norm            sum ||g_i - g||^2 / (n - 1) / n < theta ||g||^2   (Byrd et al., 2012)
 *     inner-product   var(p_2 .. p_n) / (n - 1) < theta mean(p)^2, n > 2   (after Bollapragada et al., arXiv 1710.11258)
 *     cosine          cos(m_(n-1), m_n) > theta
 *
 * The paper's inner products are with the final mean, for which all gradients would have to be kept. Microbatches weigh as many
 * as their `targets`, or the same if their gradients do not say.
 *
 * The test is decided on the device. The host cannot see it, so `inner` runs after every microbatch, skipped there by a
 * scale of 0, and `applied` is always true: steps are counted in microbatches. A microbatch that arrives with a scale of 0
 * adds nothing; one that is not finite spoils its batch, which `clip` or `skipNonFinite` inside then drops.
 */
export const progressiveBatch = <R extends Updating>(
  inner: Optimizer<R>,
  {
    rule = "norm",
    theta = 0.9,
    least = 2,
    most = 128,
    monotone = false,
    kernels,
    ...unknown
  }: ProgressiveBatchOptions = {},
): Optimizer<R | Updated> => {
  checkNoMore("progressiveBatch", unknown, "rule, theta, least, most, monotone, kernels");
  if (!batchRules.includes(rule))
    throw fault({
      code: "invalid-argument",
      place: "progressiveBatch",
      problem: `expected "rule" to be one of ${batchRules.join(", ")}, got ${rule}`,
      type: RangeError,
    });
  checkPositive("progressiveBatch", { theta });
  checkCount("progressiveBatch", { least, most, "least - 1": least - 1, "most - least + 1": most - least + 1 });
  return defineWrapper<ProgressiveBatchState, R>(inner, {
    init: (params) => ({
      unit: 0,
      ...emptyBatch(),
      least: scalar(least),
      taken: scalar(0),
      sums: zerosOf(params),
      inner: inner.init(params),
    }),
    update(gradients, state, params, progress, gradScale) {
      const { grads: given, evaluate, targets } = asMeasured(gradients);
      checkFit("progressiveBatch", "gradients", given, params);
      checkFit("progressiveBatch", "sums", state.sums, params);
      if (targets === 0) {
        disposeMap(given); // a mean over nothing
        return { params, state, applied: false };
      }
      const unit = state.unit || (targets ?? 0);
      const weight = targets === undefined ? 1 : targets / unit;
      const grads = gradScale ? scaleEach(given, gradScale) : given;
      const sums = mapTensors(state.sums, (sum, name) =>
        add(sum, weight === 1 ? grads[name]! : mul(grads[name]!, weight)),
      );
      const norms = { one: globalNorm(grads, kernels), sum: globalNorm(sums, kernels) };
      disposeMap(grads);
      const test = tidy(() => {
        const now = grown(state, norms, weight);
        const known = logicalAnd(greaterEqual(now.count, state.least), tests[rule](state, norms, now, weight, theta));
        const steps = logicalOr(known, greaterEqual(now.count, most));
        const restarted = mapTensors(now, (value) => choose(steps, 0, value)) as typeof now;
        return {
          steps,
          factor: choose(steps, div(1, now.weight), 0),
          ...restarted,
          taken: choose(steps, now.count, state.taken),
          least: monotone ? choose(steps, now.count, state.least) : state.least.clone(),
        };
      });
      const lent = mapTensors(sums, (sum) => sum.clone());
      const next = mapTensors(sums, (sum) => where(test.steps, 0, sum));
      const { inner: innerState, unit: _, sums: oldSums, ...old } = state;
      for (const map of [sums, oldSums, norms, old]) disposeMap(map);
      const { steps, factor, ...counters } = test;
      steps.dispose();
      return after(
        () => inner.update(ofLastMicrobatch(lent, evaluate), innerState, params, progress, factor),
        (result) => ({ ...result, state: { unit, ...counters, sums: next, inner: result.state } }),
        () => factor.dispose(),
      );
    },
  });
};

/** The batch at its beginning again, for microbatches of another size. Consumes the state. */
export const restartProgressiveBatch = (state: ProgressiveBatchState): ProgressiveBatchState => {
  const { unit: _, least, taken, inner, sums, ...batch } = state;
  const empty = mapTensors(sums, (sum) => zerosLike(sum));
  for (const map of [sums, batch]) disposeMap(map);
  return { unit: 0, ...emptyBatch(), least, taken, sums: empty, inner };
};

const emptyBatch = () => ({
  count: scalar(0) as Tensor,
  weight: scalar(0) as Tensor,
  squares: scalar(0) as Tensor,
  sum: scalar(0) as Tensor,
  products: scalar(0) as Tensor,
  productSquares: scalar(0) as Tensor,
});

type Batch = ReturnType<typeof emptyBatch>;
/** Of the microbatch's gradient, and of the sum that it is in. */
type Norms = { one: Tensor; sum: Tensor };

/** The batch with one more microbatch: within a tidy. */
const grown = (before: Batch, { one, sum }: Norms, weight: number): Batch => {
  // 2 <S, w g> = ||S + w g||^2 - ||S||^2 - ||w g||^2, and m is S over the weights before.
  const twice = sub(sub(square(sum), square(before.sum)), square(mul(one, weight)));
  const product = div(twice, maximum(mul(before.weight, 2 * weight), 1e-30));
  return {
    count: add(before.count, 1),
    weight: add(before.weight, weight),
    squares: add(before.squares, mul(square(one), weight)),
    sum,
    products: add(before.products, product),
    productSquares: add(before.productSquares, square(product)),
  };
};

type Test = (before: Batch, norms: Norms, now: Batch, weight: number, theta: number) => Tensor;

/** Whether the gradient is known well enough: bool scalars, within a tidy. */
const tests: Record<(typeof batchRules)[number], Test> = {
  norm(_, { sum }, { count, weight, squares }, __, theta) {
    const mean = square(div(sum, weight));
    const spread = div(mul(sub(div(squares, weight), mean), count), maximum(sub(count, 1), 1));
    return less(div(spread, count), mul(mean, theta));
  },
  "inner-product"(_, __, { count, products, productSquares }, ___, theta) {
    const terms = maximum(sub(count, 1), 1); // the first gradient has none before it
    const mean = div(products, terms);
    const variance = div(maximum(sub(productSquares, mul(square(mean), terms)), 0), maximum(sub(terms, 1), 1));
    return logicalAnd(greater(count, 2), less(div(variance, terms), mul(square(mean), theta)));
  },
  cosine(before, { one, sum }, { count }, weight, theta) {
    // 2 <S, S + w g> = ||S||^2 + ||S + w g||^2 - ||w g||^2
    const twice = sub(add(square(before.sum), square(sum)), square(mul(one, weight)));
    const lengths = maximum(mul(mul(before.sum, sum), 2), 1e-30);
    return logicalAnd(greater(count, 1), greater(div(twice, lengths), theta));
  },
};
