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

declare const opaque: unique symbol;

/**
 * What an optimizer keeps between two steps. Its fields belong to the optimizer that made it: `readings`, `averagedWeights`,
 * `lossScale` and `restartBatch` speak for them, `stateTensors` and `stateLayout` take the whole apart for a checkpoint.
 */
export interface OptimizerState {
  readonly [opaque]: "optimizer state";
}

/** The state of a transformation: a tree whose leaves are tensors and numbers. */
export type State = number | Tensor | OptimizerState | readonly State[] | { readonly [key: string]: State };

export interface EvaluateOptions {
  /**
   * "sampled": targets drawn from the model's own predictions, for the Gauss-Newton-Bartlett estimate of the Hessian.
   *
   * @defaultValue "data"
   */
  targets?: "data" | "sampled";
}

/** Gradients of the same microbatch at other parameters, not scaled. Borrows `params`, gives the gradients away. */
export type Evaluate = (params: TensorMap, options?: EvaluateOptions) => TensorMap;

/** Gradients with what a gradient function knows about them. */
export interface MeasuredGradients {
  grads: TensorMap;
  /**
   * Number of targets, such as masked tokens, whose mean loss these are the gradients of: the weight of a microbatch in its
   * batch. Give it with every microbatch of a batch or with none.
   *
   * @defaultValue every microbatch weighs the same
   */
  targets?: number;
  /**
   * A way to more gradients, for SAM, Sophia-G and AdaHessian.
   *
   * @defaultValue none; optimizers that need it throw
   */
  evaluate?: Evaluate;
  /**
   * Whether `grads` is the mean of several microbatches, of which `evaluate` sees the last one only.
   *
   * @defaultValue false
   */
  accumulated?: boolean;
}

/** What a gradient function hands to an optimizer: the gradients, alone or with what is known about them. */
export type Gradients = TensorMap | MeasuredGradients;

/**
 * A step on the way from gradients to what is added to the parameters. `update` consumes `updates` and `state`, returns
 * their successors, and borrows `params`. `evaluate` is there if the gradient function offers it.
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

/** What an update leaves behind. `applied` is false if the host knows that nothing changed. */
export interface Updated {
  params: TensorMap;
  state: OptimizerState;
  applied: boolean;
}

/** An update's result, now or later: gradients of some devices, and of other machines, can only be read asynchronously. */
export type Updating = Updated | Promise<Updated>;

/**
 * `update` consumes `grads`, `state` and `params` and returns their successors, so it may update in place.
 * `gradScale`, a borrowed scalar tensor, is a factor that the gradients still have to be multiplied by; if it is 0
 * or not finite the step is skipped, on the device. It stays alive until the update has ended.
 *
 * `R` is `Promise<Updated>` if the update ends later. Optimizers of this package return at once, their wrappers when the
 * optimizer inside does.
 */
export interface Optimizer<R extends Updating = Updated> {
  init(params: TensorMap): OptimizerState;
  update(grads: Gradients, state: OptimizerState, params: TensorMap, progress: Progress, gradScale?: Tensor): R;
}

/** In-place kernels, those that the backend has: what `optimizerKernels()` of `@cramkit/ops` returns. */
export interface OptimizerKernels {
  /** Every param, mu and nu is updated; a `gradScale` of 0 or one that is not finite leaves them as they are. */
  adamw?(updates: readonly AdamwUpdate[], gradScale: Tensor, attrs: AdamwAttrs): void;
  /** `sums[i] += scale grads[i]` */
  accumulate?(sums: readonly Tensor[], grads: readonly Tensor[], scale: number): void;
  /** The L2 norm over all elements of all tensors: scalar. */
  globalNorm?(tensors: readonly Tensor[]): Tensor;
  /** What `clip` needs, in one kernel: its norm, the factor of the gradients with `gradScale` in it, and its counts of skipped steps. */
  clip?(
    tensors: readonly Tensor[],
    counts: { skipped: Tensor; skippedInARow: Tensor },
    options: { maxNorm: number; gradScale?: Tensor },
  ): { norm: Tensor; factor: Tensor; skipped: Tensor; skippedInARow: Tensor };
}

/** A parameter, its gradient and moments, all of one shape. */
export interface AdamwUpdate {
  param: Tensor;
  grad: Tensor;
  mu: Tensor;
  nu: Tensor;
  weightDecay: number;
}

export interface AdamwAttrs {
  learningRate: number;
  b1: number;
  b2: number;
  epsilon: number;
  correction1: number;
  correction2: number;
}
