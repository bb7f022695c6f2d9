import { checkOptions } from "@cramkit/errors";

export interface GuardOptions {
  /**
   * A loss above `spikeFactor` times the median of the last `window` losses counts as bad.
   * @defaultValue `2`
   */
  readonly spikeFactor?: number;
  /**
   * Losses that the median looks back on.
   * @defaultValue `64`
   */
  readonly window?: number;
  /**
   * So many bad losses in a row ask for a rollback.
   * @defaultValue `5`
   */
  readonly patience?: number;
  /**
   * So many rollbacks are tried before the run gives up.
   * @defaultValue `3`
   */
  readonly maxRollbacks?: number;
  /**
   * Gives up if the median loss is above `loss` once `fraction` of the budget is used.
   * @defaultValue never
   */
  readonly abandon?: { readonly fraction: number; readonly loss: number };
}

export type Verdict =
  | { readonly action: "continue" }
  | { readonly action: "rollback" | "give-up"; readonly reason: string };

/** What a guard remembers: plain JSON, for a checkpoint. */
export interface GuardState {
  /** The last good losses. */
  readonly recent: readonly number[];
  /** Bad losses in a row, up to now. */
  readonly bad: number;
  /** Losses that were not finite, so far. */
  readonly nonFinite: number;
  readonly rollbacks: number;
}

/** Watches the losses of a run. */
export interface Guard {
  readonly state: GuardState;
  observe(loss: number, fraction: number): void;
  /** Asks for a rollback over something that the losses do not show. */
  fail(reason: string): void;
  /** What follows from what was seen since it was last asked. */
  verdict(): Verdict;
}

const unused: GuardState = { recent: [], bad: 0, nonFinite: 0, rollbacks: 0 };

/** Says when a run has left the road: repeated non-finite losses, a spike that stays, a loss that never fell. */
export const createGuard = (options: GuardOptions = {}, from: GuardState = unused): Guard => {
  checkOptions("createGuard", options, {
    spikeFactor: true,
    window: true,
    patience: true,
    maxRollbacks: true,
    abandon: true,
  });
  const { spikeFactor = 2, window = 64, patience = 5, maxRollbacks = 3, abandon } = options;
  let state = from;
  let verdict: Verdict = { action: "continue" };
  const fail = (reason: string) => {
    const { rollbacks } = state;
    state = { ...state, recent: [], bad: 0, rollbacks: Math.min(rollbacks + 1, maxRollbacks) };
    verdict =
      rollbacks < maxRollbacks
        ? { action: "rollback", reason }
        : { action: "give-up", reason: `${reason}, after ${rollbacks} rollbacks` };
  };
  return {
    get state() {
      return state;
    },
    fail,
    observe(loss, fraction) {
      const usual = median(state.recent);
      const finite = Number.isFinite(loss);
      if (!finite) state = { ...state, nonFinite: state.nonFinite + 1 };
      const spiked = state.recent.length >= Math.min(window, 8) && loss > spikeFactor * usual;
      if (finite && !spiked) {
        const recent = [...state.recent, loss].slice(-window);
        state = { ...state, recent, bad: 0 };
        if (abandon && fraction >= abandon.fraction && median(recent) > abandon.loss) {
          const reason = `loss ${median(recent).toFixed(3)} is above ${abandon.loss} after ${Math.round(100 * fraction)} % of the budget`;
          verdict = { action: "give-up", reason };
        }
        return;
      }
      state = { ...state, bad: state.bad + 1 };
      if (state.bad < patience) return;
      const what = finite ? `loss ${loss.toFixed(3)} against a median of ${usual.toFixed(3)}` : `loss is ${loss}`;
      fail(`${what}, ${patience} times in a row`);
    },
    verdict() {
      const current = verdict;
      verdict = { action: "continue" };
      return current;
    },
  };
};

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length === 0 ? Number.NaN : sorted[sorted.length >> 1]!;
};
