import type { TrainState } from "./contracts.ts";
import type { Guard } from "./guard.ts";
import type { StepReport } from "./train.ts";

export interface GuardedSpec<P, S> {
  /** Starts the loop at a state: usually `(state) => train({ ...spec, state, batches: open(state.cursor) })`. */
  readonly start: (state: TrainState<P, S>) => AsyncGenerator<StepReport<P, S>, void>;
  readonly state: TrainState<P, S>;
  /** Gives up `current` and returns the last good state, e.g. from the newest checkpoint. */
  readonly restore: (current: TrainState<P, S>, reason: string) => Promise<TrainState<P, S>>;
  readonly guard: Guard;
}

/** Training that went wrong for good; the message says how. */
export class TrainingDiverged extends Error {
  override readonly name = "TrainingDiverged";
}

/**
 * Runs the loop under a guard. On a rollback the parameters and the optimizer go back to the last good state, while the
 * data goes on behind the batches that did the harm and the clock runs on.
 */
export async function* trainGuarded<P, S>(spec: GuardedSpec<P, S>): AsyncGenerator<StepReport<P, S>, void> {
  const { start, restore, guard } = spec;
  let state = spec.state;
  for (;;) {
    let rollback: string | undefined;
    let giveUp: string | undefined;
    for await (const report of start(state)) {
      state = report.state;
      // The verdict comes when the loss does, at most `maxInFlight` microbatches later; nothing waits for it here.
      report.loss.then(
        (loss) => {
          const verdict = guard.observe(loss, report.progress.fraction);
          if (verdict.action === "rollback") rollback = verdict.reason;
          if (verdict.action === "give-up") giveUp = verdict.reason;
        },
        () => {}, // the loop rethrows what the device reported
      );
      yield report;
      if (giveUp !== undefined) throw new TrainingDiverged(giveUp);
      if (rollback !== undefined) break;
    }
    if (rollback === undefined) return;
    const good = await restore(state, rollback);
    const { elapsedMs, fraction } = state.progress;
    state = { ...good, cursor: state.cursor, progress: { ...good.progress, elapsedMs, fraction } };
  }
}
