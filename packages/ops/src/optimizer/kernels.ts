import { scalar, type Tensor } from "@tensorflow/tfjs-core";
import { checkTensor } from "../check.ts";
import { hasKernel, runKernel } from "../dispatch.ts";

export interface AdamwAttrs {
  learningRate: number;
  b1: number;
  b2: number;
  epsilon: number;
  /** 1 - b1^step */
  correction1: number;
  /** 1 - b2^step */
  correction2: number;
}

/** A parameter, its gradient and moments, all of one shape. */
export interface AdamwUpdate {
  param: Tensor;
  grad: Tensor;
  mu: Tensor;
  nu: Tensor;
  weightDecay: number;
}

/** Kernels that update tensors in place. On WebGPU, what is written may be passed only once. */
export interface OptimizerKernels {
  /**
   * For each update, with g = grad gradScale: mu = b1 mu + (1 - b1) g, nu = b2 nu + (1 - b2) g^2,
   * param -= learningRate (mu / correction1 / (sqrt(nu / correction2) + epsilon) + weightDecay param).
   * A gradScale that is 0 or not finite leaves everything as it is. `gradScale` is a scalar tensor.
   */
  adamw(updates: readonly AdamwUpdate[], gradScale: Tensor, attrs: AdamwAttrs): void;
  /** `sums[i] += scale grads[i]`; both have one shape. */
  accumulate(sums: readonly Tensor[], grads: readonly Tensor[], scale: number): void;
  /** sqrt of the sum of the squares of all elements: scalar. */
  globalNorm(tensors: readonly Tensor[]): Tensor;
  /**
   * What clipping to a norm needs, in one kernel: the norm of `tensors` times `gradScale`, the factor min(1, maxNorm / (norm + 1e-6))
   * gradScale, and the counts of steps whose norm is not finite, all in all and in a row. Scalars.
   *
   * @defaultValue absent where a backend has no kernel for it
   */
  clip?(
    tensors: readonly Tensor[],
    counts: { skipped: Tensor; skippedInARow: Tensor },
    options: { maxNorm: number; gradScale?: Tensor },
  ): { norm: Tensor; factor: Tensor; skipped: Tensor; skippedInARow: Tensor };
}

/** The in-place kernels if the current backend has them, else undefined. */
export const optimizerKernels = (): OptimizerKernels | undefined =>
  ["CramkitAdamW", "CramkitAccumulate", "CramkitGlobalNorm"].every(hasKernel)
    ? { adamw, accumulate, globalNorm, ...(hasKernel("CramkitClip") ? { clip } : {}) }
    : undefined;

const adamw: OptimizerKernels["adamw"] = (updates, gradScale, attrs) => {
  for (const [i, { param, grad, mu, nu }] of updates.entries()) {
    checkTensor("adamw", `updates[${i}].param`, param, ["..."]);
    for (const [name, tensor] of Object.entries({ grad, mu, nu }))
      checkTensor("adamw", `updates[${i}].${name}`, tensor, param.shape);
  }
  checkTensor("adamw", "gradScale", gradScale, []);
  const present = updates.filter(({ param }) => param.size > 0);
  if (present.length === 0) return;
  const inputs: Record<string, Tensor> = { gradScale };
  const numbers: Record<string, number> = {};
  for (const [i, { weightDecay, ...tensors }] of present.entries()) {
    for (const [name, tensor] of Object.entries(tensors)) inputs[`${name}${i}`] = tensor;
    numbers[`weightDecay${i}`] = weightDecay;
  }
  runKernel("CramkitAdamW", inputs, { ...attrs, ...numbers });
};

const accumulate: OptimizerKernels["accumulate"] = (sums, grads, scale) => {
  if (sums.length !== grads.length)
    throw new RangeError(`accumulate: expected a gradient for each of ${sums.length} sums, got ${grads.length}`);
  const inputs: Record<string, Tensor> = {};
  let count = 0;
  for (const [i, sum] of sums.entries()) {
    const grad = grads[i]!;
    checkTensor("accumulate", `sums[${i}]`, sum, ["..."]);
    checkTensor("accumulate", `grads[${i}]`, grad, sum.shape);
    if (sum.size === 0) continue;
    Object.assign(inputs, { [`sum${count}`]: sum, [`grad${count}`]: grad });
    count++;
  }
  if (count > 0) runKernel("CramkitAccumulate", inputs, { scale });
};

const globalNorm: OptimizerKernels["globalNorm"] = (tensors) => {
  for (const [i, tensor] of tensors.entries()) checkTensor("globalNorm", `tensors[${i}]`, tensor, ["..."]);
  const present = tensors.filter((tensor) => tensor.size > 0);
  if (present.length === 0) return scalar(0);
  return runKernel("CramkitGlobalNorm", Object.fromEntries(present.entries())) as Tensor;
};

const clip: NonNullable<OptimizerKernels["clip"]> = (
  tensors,
  { skipped: before, skippedInARow: inARow },
  { maxNorm, gradScale },
) => {
  for (const [i, tensor] of tensors.entries()) checkTensor("clip", `tensors[${i}]`, tensor, ["..."]);
  const present = tensors.filter((tensor) => tensor.size > 0);
  // Nothing to clip has a norm of 0.
  const inputs = Object.fromEntries((present.length > 0 ? present : [scalar(0)]).entries());
  const counts = { skipped: before, skippedInARow: inARow };
  const all = runKernel("CramkitClip", { ...inputs, ...counts, gradScale }, { maxNorm }) as Tensor[];
  const [norm, factor, skipped, skippedInARow] = all as [Tensor, Tensor, Tensor, Tensor];
  return { norm, factor, skipped, skippedInARow };
};
