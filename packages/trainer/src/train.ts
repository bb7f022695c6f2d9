import { checkOptions } from "@cramkit/errors";
import type { Batches, Budget, DeviceScalar, GradFn, Optimizer, Progress, TrainState } from "./contracts.ts";

export interface TrainSpec<P, S, B, G = P> {
  readonly state: TrainState<P, S>;
  readonly batches: Batches<B>;
  readonly grad: GradFn<P, B, G, S>;
  readonly optimizer: Optimizer<P, S, G>;
  readonly budget: Budget;
  /** What one batch adds to the counters; `microbatches` is 1 unless others compute beside this loop and are counted in. */
  readonly size: (batch: B) => BatchSize;
  /**
   * Microbatches that the host may be ahead of the device.
   * @defaultValue `2`
   */
  readonly maxInFlight?: number;
  /**
   * Milliseconds that the run has used, by a clock that never goes back. Default: what the state has used, and
   * `performance.now` from here on. Hand the same clock to every start of a session and no time is lost in between.
   * @defaultValue a clock that goes on from the state's `elapsedMs`
   */
  readonly elapsed?: () => number;
}

/** What one batch adds to the counters. */
export interface BatchSize {
  readonly examples: number;
  readonly tokens: number;
  /**
   * Microbatches that were computed with it, by all ranks of a job.
   * @defaultValue `1`
   */
  readonly microbatches?: number;
}

/** What one microbatch did. */
export interface StepReport<P, S> {
  /** Counters after this microbatch; `fraction` too. */
  readonly progress: Progress;
  /** Resumable from here. Valid until the loop is asked for the next report. */
  readonly state: TrainState<P, S>;
  /** Mean loss of this microbatch. Await it now, later or never: the loop owns the device memory behind it. */
  readonly loss: Promise<number>;
  /** Whether the parameters changed. */
  readonly applied: boolean;
}

/** The state of a run that has not begun. Consumes `params`. */
export const initialState = <P, S, G>(params: P, optimizer: Optimizer<P, S, G>): TrainState<P, S> => ({
  params,
  optimizer: optimizer.init(params),
  progress: { microbatch: 0, step: 0, examples: 0, tokens: 0, elapsedMs: 0, fraction: 0 },
  cursor: null,
});

/**
 * The loop. Yields once a microbatch, until the budget is used up or the batches end; `break` stops it. It does no
 * arithmetic of its own: clipping, accumulation, schedules and averages belong to the optimizer, logging and
 * checkpoints to the body of the caller's `for await`. The time that the body takes counts as elapsed.
 */
export async function* train<P, S, B, G = P>(spec: TrainSpec<P, S, B, G>): AsyncGenerator<StepReport<P, S>, void> {
  checkOptions("train", spec, {
    state: true,
    batches: true,
    grad: true,
    optimizer: true,
    budget: true,
    size: true,
    maxInFlight: true,
    elapsed: true,
  });
  const { grad, optimizer, budget, size, maxInFlight = 2 } = spec;
  let state = spec.state;
  // What a state says of its budget is of the budget it had: with a larger one it trains on.
  if (budget(state.progress) >= 1) return;
  const { elapsed = clockFrom(state.progress.elapsedMs) } = spec;
  const inFlight: Promise<number>[] = [];
  try {
    for await (const { batch, cursor } of spec.batches) {
      // Gradients and update see the progress at which this microbatch begins.
      const before = advance(state.progress, { elapsedMs: elapsed() }, budget);
      if (before.fraction >= 1) return;
      const { loss, grads } = grad(state.params, batch, before, state.optimizer);
      const value = read(loss);
      inFlight.push(value);
      const updating = optimizer.update(grads, state.optimizer, state.params, before);
      const next = updating instanceof Promise ? await updating : updating;
      const added = size(batch);
      if (inFlight.length > maxInFlight) await inFlight.shift();
      const progress = advance(
        before,
        {
          microbatch: before.microbatch + (added.microbatches ?? 1),
          step: before.step + (next.applied ? 1 : 0),
          examples: before.examples + added.examples,
          tokens: before.tokens + added.tokens,
          elapsedMs: elapsed(),
        },
        budget,
      );
      state = { params: next.params, optimizer: next.state, progress, cursor };
      yield { progress, state, loss: value, applied: next.applied };
      await nextTask();
      if (progress.fraction >= 1) return;
    }
  } finally {
    await Promise.allSettled(inFlight);
  }
}

const clockFrom = (elapsedMs: number): (() => number) => {
  const startedAt = performance.now();
  return () => elapsedMs + performance.now() - startedAt;
};

const advance = (progress: Progress, changes: Partial<Progress>, budget: Budget): Progress => {
  const counts = { ...progress, ...changes };
  return { ...counts, fraction: Math.min(1, Math.max(0, budget(counts))) };
};

const read = (loss: DeviceScalar): Promise<number> => {
  const value = loss
    .data()
    .then((values) => values[0]!)
    .finally(() => loss.dispose());
  // A reader that never awaits the loss must not end the process when the device fails; the loop itself reports that.
  value.catch(() => {});
  return value;
};

/** Lets signals, timers and sockets have their turn: a backend that resolves at once would starve them. */
const nextTask = (): Promise<void> =>
  new Promise((resolve) => {
    if (typeof setImmediate === "function") setImmediate(resolve);
    else setTimeout(resolve);
  });
