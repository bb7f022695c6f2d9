import type { Tensor } from "@tensorflow/tfjs-core";

/** Parameters, gradients or moments: one tensor per parameter name. */
export type TensorMap = Readonly<Record<string, Tensor>>;

/** Where a run stands; the trainer counts it. Only learning rates, batch sizes and the like read it. */
export interface Progress {
  readonly microbatch: number;
  readonly step: number;
  readonly examples: number;
  readonly tokens: number;
  readonly elapsedMs: number;
  readonly fraction: number;
}

/** A number, or a function of the progress: any schedule. */
export type Rate = number | ((progress: Progress) => number);

/** Optimizer state: a tree whose leaves are tensors and numbers. `stateTensors` and `stateLayout` take it apart. */
export type State = number | Tensor | readonly State[] | { readonly [key: string]: State };

export interface EvaluateOptions {
  /** "sampled": targets drawn from the model's own predictions, for the Gauss-Newton-Bartlett estimate of the Hessian. */
  targets?: "data" | "sampled";
}

/** Gradients of the same microbatch at other parameters, not scaled. Borrows `params`, gives the gradients away. */
export type Evaluate = (params: TensorMap, options?: EvaluateOptions) => TensorMap;

/** What an optimizer is given that needs more than one gradient: SAM, Sophia-G, AdaHessian. */
export interface Evaluation {
  grads: TensorMap;
  evaluate: Evaluate;
  /** Whether `grads` is the mean of several microbatches, of which `evaluate` sees the last one only. */
  accumulated?: boolean;
}

/** What a gradient function hands to an optimizer: the gradients, alone or with a way to get more of them. */
export type Gradients = TensorMap | Evaluation;

/**
 * A step on the way from gradients to what is added to the parameters. `update` consumes `updates` and `state`, returns
 * their successors, and borrows `params`. `evaluate` is there where the gradient function offers it.
 */
export interface GradientTransformation<S extends State = State> {
  init(params: TensorMap): S;
  update(
    updates: TensorMap,
    state: S,
    params: TensorMap,
    progress: Progress,
    evaluate?: Evaluate,
  ): { updates: TensorMap; state: S };
}

/**
 * `update` consumes `grads`, `state` and `params` and returns their successors, so it may update in place.
 * `gradScale`, a borrowed scalar tensor, is a factor that the gradients still have to be multiplied by; where it is 0
 * or not finite the step is skipped, on the device. `applied` is false where the host knows that nothing changed.
 */
export interface Optimizer<S extends State = State> {
  init(params: TensorMap): S;
  update(
    grads: Gradients,
    state: S,
    params: TensorMap,
    progress: Progress,
    gradScale?: Tensor,
  ): { params: TensorMap; state: S; applied: boolean };
}

/** In-place kernels, those that the backend has: what `optimizerKernels()` of `@cramkit/ops` returns. */
export interface Kernels {
  /** param, mu and nu are updated; a `gradScale` of 0 or one that is not finite leaves them as they are. */
  adamw?(param: Tensor, grad: Tensor, mu: Tensor, nu: Tensor, gradScale: Tensor, attrs: AdamwAttrs): void;
  /** sum += scale grad */
  accumulate?(sum: Tensor, grad: Tensor, scale: number): void;
  /** The L2 norm over all elements of all tensors: scalar. */
  globalNorm?(tensors: readonly Tensor[]): Tensor;
}

export interface AdamwAttrs {
  learningRate: number;
  b1: number;
  b2: number;
  epsilon: number;
  weightDecay: number;
  correction1: number;
  correction2: number;
}
