import { scalar, type Tensor } from "@tensorflow/tfjs-core";
import { checkTensor } from "../check.ts";
import { hasKernel, runKernel } from "../dispatch.ts";

export interface AdamwAttrs {
  learningRate: number;
  b1: number;
  b2: number;
  epsilon: number;
  weightDecay: number;
  /** 1 - b1^step */
  correction1: number;
  /** 1 - b2^step */
  correction2: number;
}

/** Kernels that update tensors in place. */
export interface OptimizerKernels {
  /**
   * With g = grad gradScale: mu = b1 mu + (1 - b1) g, nu = b2 nu + (1 - b2) g^2,
   * param -= learningRate (mu / correction1 / (sqrt(nu / correction2) + epsilon) + weightDecay param).
   * A gradScale that is 0 or not finite leaves everything as it is. `gradScale` is a scalar tensor, the rest have one shape.
   */
  adamw(param: Tensor, grad: Tensor, mu: Tensor, nu: Tensor, gradScale: Tensor, attrs: AdamwAttrs): void;
  /** sum += scale grad */
  accumulate(sum: Tensor, grad: Tensor, scale: number): void;
  /** sqrt of the sum of the squares of all elements: scalar. */
  globalNorm(tensors: readonly Tensor[]): Tensor;
}

/** The in-place kernels where the current backend has them, else undefined. */
export const optimizerKernels = (): OptimizerKernels | undefined =>
  ["CramkitAdamW", "CramkitAccumulate", "CramkitGlobalNorm"].every(hasKernel)
    ? { adamw, accumulate, globalNorm }
    : undefined;

const adamw: OptimizerKernels["adamw"] = (param, grad, mu, nu, gradScale, attrs) => {
  checkTensor("adamw", "param", param, ["..."]);
  for (const [name, tensor] of Object.entries({ grad, mu, nu })) checkTensor("adamw", name, tensor, param.shape);
  checkTensor("adamw", "gradScale", gradScale, []);
  if (param.size > 0) runKernel("CramkitAdamW", { param, grad, mu, nu, gradScale }, { ...attrs });
};

const accumulate: OptimizerKernels["accumulate"] = (sum, grad, scale) => {
  checkTensor("accumulate", "sum", sum, ["..."]);
  checkTensor("accumulate", "grad", grad, sum.shape);
  if (sum.size > 0) runKernel("CramkitAccumulate", { sum, grad }, { scale });
};

const globalNorm: OptimizerKernels["globalNorm"] = (tensors) => {
  for (const [i, tensor] of tensors.entries()) checkTensor("globalNorm", `tensors[${i}]`, tensor, ["..."]);
  const present = tensors.filter((tensor) => tensor.size > 0);
  if (present.length === 0) return scalar(0);
  return runKernel("CramkitGlobalNorm", Object.fromEntries(present.entries())) as Tensor;
};
