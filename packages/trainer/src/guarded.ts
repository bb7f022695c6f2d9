import { checkOptions } from "@cramkit/errors";
import type { TrainState } from "./contracts.ts";
import type { Guard, Verdict } from "./guard.ts";
import type { StepReport } from "./train.ts";

export interface GuardedSpec<P, S> {
  /** Starts the loop at a state: usually `(state) => train({ ...spec, state, batches: open(state.cursor) })`. */
  readonly start: (state: TrainState<P, S>) => AsyncGenerator<StepReport<P, S>, void>;
  readonly state: TrainState<P, S>;
  /**
   * Gives up `current` and returns where to go on: the last good parameters and optimizer, e.g. from the newest
   * checkpoint, with the cursor and the elapsed time of `current`; see `rolledBack`.
   */
  readonly restore: (current: TrainState<P, S>, reason: string) => Promise<TrainState<P, S>>;
  readonly guard: Guard;
  /**
   * Microbatches that a loss is read after its own: as many as the loop has in flight.
   * @defaultValue `2`
   */
  readonly lag?: number;
}

/** Training that went wrong for good; the message says how. */
export class TrainingDiverged extends Error {
  override readonly name = "TrainingDiverged";
}

/** `good`, going on with the data after the batches that did the harm; the clock runs on. */
export const rolledBack = <P, S>(good: TrainState<P, S>, current: TrainState<P, S>): TrainState<P, S> => ({
  ...good,
  cursor: current.cursor,
  progress: { ...good.progress, elapsedMs: current.progress.elapsedMs },
});

/** Runs the loop under a guard, and again from what `restore` returns if the guard asks for a rollback. */
export async function* trainGuarded<P, S>(spec: GuardedSpec<P, S>): AsyncGenerator<StepReport<P, S>, void> {
  checkOptions("trainGuarded", spec, { start: true, state: true, restore: true, guard: true, lag: true });
  const { start, restore, guard, lag = 2 } = spec;
  let state = spec.state;
  for (;;) {
    const unread: StepReport<P, S>[] = [];
    // A fixed number behind, so that a verdict falls on the same microbatch whenever the run is repeated or resumed.
    const judge = async (left: number): Promise<Verdict> => {
      while (unread.length > left) {
        const { loss, progress } = unread.shift()!;
        guard.observe(await loss, progress.fraction);
      }
      const verdict = guard.verdict();
      if (verdict.action === "give-up") throw new TrainingDiverged(verdict.reason);
      return verdict;
    };
    let verdict: Verdict = { action: "continue" };
    for await (const report of start(state)) {
      state = report.state;
      unread.push(report);
      yield report;
      verdict = await judge(lag);
      if (verdict.action === "rollback") break;
    }
    if (verdict.action === "continue") verdict = await judge(0);
    if (verdict.action !== "rollback") return;
    state = await restore(state, verdict.reason);
  }
}
