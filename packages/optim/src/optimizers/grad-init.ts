import { fault } from "@cramkit/errors";
import { add, concat, div, mul, reshape, sign, sub, sum, type Tensor, tidy } from "@tensorflow/tfjs-core";
import type { TensorMap } from "../contracts.ts";
import { checkCount, checkNoMore, checkPositive } from "../state/check.ts";
import { globalNorm } from "../state/device-scalar.ts";
import { matchesName, type Pattern } from "../state/patterns.ts";
import { disposeMap, mapTensors } from "../state/tensor-map.ts";

/** How far the first step of a training is tried: by signs as Adam, along the gradient with a length of 1, or by the gradient. */
export const gradInitSteps = ["sign", "norm", "gradient"] as const;

export interface GradInitOptions {
  /**
   * Steps of the search.
   *
   * @defaultValue `50`
   */
  steps?: number;
  /**
   * Learning rate of the search: what Adam changes a factor by in a step.
   *
   * @defaultValue `1e-3`
   */
  tau?: number;
  /**
   * Learning rate of the first step of the training, which is tried.
   *
   * @defaultValue `1e-3`
   */
  learningRate?: number;
  /** @defaultValue `"sign"`, Adam's */
  stepType?: (typeof gradInitSteps)[number];
  /**
   * The smallest factor.
   *
   * @defaultValue `1e-3`
   */
  minScale?: number;
  /**
   * The largest factor.
   *
   * @defaultValue `1e3`
   */
  maxScale?: number;
  /**
   * Whether the search follows the gradient of the gradient's norm, too, for two more gradients a step.
   *
   * @defaultValue `true`
   */
  secondOrder?: boolean;
  /**
   * Half the distance of the two gradients whose difference stands for the second derivative, as a share of the weights' norm.
   *
   * @defaultValue `1e-3`
   */
  difference?: number;
  /**
   * Parameters that stay as they are.
   *
   * @defaultValue embeddings of positions, as in the study
   */
  kept?: readonly Pattern[];
  /**
   * Sees each step of the search; what it throws ends it.
   *
   * @defaultValue nobody looks
   */
  onStep?: (report: GradInitReport) => void | Promise<void>;
}

/** A step of the search, at the factors that it began with. */
export interface GradInitReport {
  readonly step: number;
  /** Before the first step of a training. */
  readonly loss: number;
  /** On other rows, after it. */
  readonly nextLoss: number;
  readonly gradNorm: number;
}

/** Loss and gradients at these parameters of the batch of this number, from 0. Borrows the parameters. */
export type GradInitGradient = (params: TensorMap, batch: number) => { loss: Tensor; grads: TensorMap };

/**
 * GradInit (Zhu et al., arXiv 2102.08098): a factor for each tensor of the first weights, found so that the first step of the
 * training lowers the loss the most while the gradient has a norm of 1. As in the study's code, Adam (0.9, 0.98, 1e-6)
 * minimises over the factors s, with batches that are new in each step,
 *
 *     L(s p - learningRate A(g), next batch) / learningRate + (|g| - 1)^2,   g = dL/dp (s p, batch)
 *
 * where A(g) is a constant. (The paper lowers the norm whenever it is above its bound, and the loss otherwise.) What |g| changes
 * by is the Hessian along g / |g|: here a central difference of gradients, as fused kernels have no second derivative. Without
 * `secondOrder`, the study's default, the norm does not count. Borrows `params`; gives the factors.
 *
 * @throws a fault `not-finite` if a loss or a norm is NaN or infinite
 */
export const gradInit = async (
  params: TensorMap,
  gradient: GradInitGradient,
  {
    steps = 50,
    tau = 1e-3,
    learningRate = 1e-3,
    stepType = "sign",
    minScale = 1e-3,
    maxScale = 1e3,
    secondOrder = true,
    difference = 1e-3,
    kept = ["pos_embedding"],
    onStep,
    ...unknown
  }: GradInitOptions = {},
): Promise<Record<string, number>> => {
  const known = "steps, tau, learningRate, stepType, minScale, maxScale, secondOrder, difference, kept, onStep";
  checkNoMore("gradInit", unknown, known);
  checkCount("gradInit", { steps });
  checkPositive("gradInit", { tau, learningRate, minScale, difference, maxScale });
  if (minScale > maxScale || !gradInitSteps.includes(stepType))
    throw fault({
      code: "invalid-argument",
      place: "gradInit",
      problem: `expected "minScale" of at most "maxScale", and a stepType of ${gradInitSteps.join(", ")}, got ${minScale}, ${maxScale} and ${stepType}`,
      type: RangeError,
    });
  const names = Object.keys(params).filter((name) => !matchesName(name, kept));
  const factors = names.map(() => 1);
  const adam = adamOf(names.length, tau);
  for (let step = 0; step < steps; step++) {
    const scales = Object.fromEntries(names.map((name, i) => [name, factors[i]!]));
    const { numbers, slopes, curvatures } = await measured(
      { params, scales, names, gradient, step },
      { learningRate, stepType, secondOrder, difference },
    );
    const { loss, nextLoss, gradNorm } = numbers;
    if (![loss, nextLoss, gradNorm].every(Number.isFinite))
      throw fault({
        code: "not-finite",
        place: "gradInit",
        problem: `expected finite losses and a finite norm, got ${loss}, ${nextLoss} and ${gradNorm} in step ${step + 1}`,
        remedy: "lower learningRate or tau",
      });
    await onStep?.({ step: step + 1, ...numbers });
    const changes = adam(names.map((_, i) => slopes[i]! / learningRate + 2 * (gradNorm - 1) * curvatures[i]!));
    for (const [i, change] of changes.entries())
      factors[i] = Math.min(maxScale, Math.max(minScale, factors[i]! - change));
  }
  return Object.fromEntries(names.map((name, i) => [name, factors[i]!]));
};

/** Parameters times their factors, those that have one: new tensors. */
export const scaledBy = (params: TensorMap, factors: Readonly<Record<string, number>>): TensorMap =>
  mapTensors(params, (param, name) => mul(param, factors[name] ?? 1));

/** What Adam subtracts from numbers. */
const adamOf = (count: number, rate: number): ((grads: readonly number[]) => number[]) => {
  const [mu, nu] = [new Float64Array(count), new Float64Array(count)];
  let step = 0;
  return (grads) => {
    step++;
    return grads.map((g, i) => {
      mu[i] = 0.9 * mu[i]! + 0.1 * g;
      nu[i] = 0.98 * nu[i]! + 0.02 * g * g;
      return (rate * (mu[i]! / (1 - 0.9 ** step))) / (Math.sqrt(nu[i]! / (1 - 0.98 ** step)) + 1e-6);
    });
  };
};

interface Point {
  readonly params: TensorMap;
  readonly scales: Readonly<Record<string, number>>;
  readonly names: readonly string[];
  readonly gradient: GradInitGradient;
  readonly step: number;
}

type Trial = Required<Pick<GradInitOptions, "learningRate" | "stepType" | "secondOrder" | "difference">>;

/** Losses, norm, and the derivatives of the loss after a step and of the norm by each factor: one reading of the device. */
const measured = async (
  { params, scales, names, gradient, step }: Point,
  { learningRate, stepType, secondOrder, difference }: Trial,
) => {
  const readings = tidy(() => {
    const at = scaledBy(params, scales);
    const here = gradient(at, 2 * step);
    const norm = globalNorm(here.grads);
    const direction = (g: Tensor) => (stepType === "sign" ? sign(g) : stepType === "norm" ? div(g, norm) : g);
    const after = mapTensors(at, (p, name) => sub(p, mul(direction(here.grads[name]!), learningRate)));
    const there = gradient(after, 2 * step + 1);
    disposeMap(after);
    const along = (by: TensorMap) => names.map((name) => reshape(sum(mul(by[name]!, params[name]!)), [1]));
    const size = globalNorm(at);
    const all = [here.loss, there.loss, norm, size].map((x) => reshape(x, [1]));
    all.push(...along(there.grads));
    disposeMap(there.grads);
    if (secondOrder) {
      const length = mul(div(size, norm), difference);
      const moved = (side: 1 | -1) => {
        const params = mapTensors(at, (p, name) => add(p, mul(here.grads[name]!, mul(length, side))));
        const { loss, grads } = gradient(params, 2 * step);
        loss.dispose();
        disposeMap(params);
        return grads;
      };
      const [ahead, behind] = [moved(1), moved(-1)];
      all.push(...along(mapTensors(ahead, (g, name) => sub(g, behind[name]!))));
    }
    return concat(all);
  });
  const [loss, nextLoss, gradNorm, size, ...derivatives] = (await readings.data()) as unknown as number[];
  readings.dispose();
  return {
    numbers: { loss: loss!, nextLoss: nextLoss!, gradNorm: gradNorm! },
    slopes: derivatives.slice(0, names.length),
    curvatures: names.map((_, i) => (secondOrder ? derivatives[names.length + i]! / (2 * difference * size!) : 0)),
  };
};
