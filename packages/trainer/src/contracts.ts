/** Where a run stands. Counts are of work that is done; `fraction` is the used part of the budget, 0 to 1. */
export interface Progress {
  /** Calls of the gradient function. */
  readonly microbatch: number;
  /** Updates that changed the parameters. */
  readonly step: number;
  readonly examples: number;
  readonly tokens: number;
  /** Wall-clock milliseconds inside the loop, earlier sessions of a resumed run included. */
  readonly elapsedMs: number;
  readonly fraction: number;
}

/** A scalar on the device; `data()` is the only host-device sync of the loop. */
export interface DeviceScalar {
  data(): Promise<ArrayLike<number>>;
  dispose(): void;
}

/**
 * Loss and gradients of one microbatch. `params` and `state`, the optimizer's, are borrowed; `grads` is given away. The
 * state is there for what it says about the gradients that it wants, such as the scale of the loss.
 */
export type GradFn<P, B, G = P, S = unknown> = (
  params: P,
  batch: B,
  progress: Progress,
  state: S,
) => { loss: DeviceScalar; grads: G };

/** What an update leaves behind. */
export interface Updated<P, S> {
  readonly params: P;
  readonly state: S;
  readonly applied: boolean;
}

/** Consumes its arguments and returns their successors, so an implementation may update in place. */
export interface Optimizer<P, S, G = P> {
  init(params: P): S;
  /**
   * `applied` is false if the parameters did not change: gradients accumulate, or the step was skipped. A promise is awaited
   * before the next microbatch: for gradients that have to be read, or come from other machines.
   */
  update(grads: G, state: S, params: P, progress: Progress): Updated<P, S> | Promise<Updated<P, S>>;
}

/** Microbatches, each with the cursor, plain JSON, that reproduces what follows it. */
export type Batches<B> = AsyncIterable<{ batch: B; cursor: unknown }>;

/** The used part of the budget, 0 to 1, from everything else that `Progress` counts. */
export type Budget = (progress: Omit<Progress, "fraction">) => number;

/** All that a run needs to stop and go on: `params` and `optimizer` live on the device, the rest is JSON. */
export interface TrainState<P, S> {
  readonly params: P;
  readonly optimizer: S;
  readonly progress: Progress;
  /** Where the data goes on: what came with the last batch, null before the first. */
  readonly cursor: unknown;
}
