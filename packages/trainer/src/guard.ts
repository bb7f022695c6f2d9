export interface GuardOptions {
  /** A loss above `spikeFactor` times the median of the last `window` losses counts as bad. Default 2. */
  readonly spikeFactor?: number;
  /** Losses that the median looks back on. Default 64. */
  readonly window?: number;
  /** So many bad losses in a row ask for a rollback. Default 5. */
  readonly patience?: number;
  /** So many rollbacks are tried before the run gives up. Default 3. */
  readonly maxRollbacks?: number;
  /** Gives up where the median loss is above `loss` once `fraction` of the budget is used. Off by default. */
  readonly abandon?: { readonly fraction: number; readonly loss: number };
}

export type Verdict =
  | { readonly action: "continue" }
  | { readonly action: "rollback" | "give-up"; readonly reason: string };

/** Watches the losses of a run. */
export interface Guard {
  /** Losses that were not finite, so far. */
  readonly nonFinite: number;
  readonly rollbacks: number;
  observe(loss: number, fraction: number): Verdict;
}

/** Says when a run has left the road: repeated non-finite losses, a spike that stays, a loss that never fell. */
export const createGuard = ({
  spikeFactor = 2,
  window = 64,
  patience = 5,
  maxRollbacks = 3,
  abandon,
}: GuardOptions = {}): Guard => {
  const recent: number[] = [];
  let bad = 0;
  let nonFinite = 0;
  let rollbacks = 0;
  return {
    get nonFinite() {
      return nonFinite;
    },
    get rollbacks() {
      return rollbacks;
    },
    observe(loss, fraction) {
      const usual = median(recent);
      if (!Number.isFinite(loss)) nonFinite++;
      const spiked = recent.length >= Math.min(window, 8) && loss > spikeFactor * usual;
      if (Number.isFinite(loss) && !spiked) {
        bad = 0;
        recent.push(loss);
        if (recent.length > window) recent.shift();
        if (abandon && fraction >= abandon.fraction && median(recent) > abandon.loss) {
          return {
            action: "give-up",
            reason: `loss ${median(recent).toFixed(3)} is above ${abandon.loss} after ${Math.round(100 * fraction)} % of the budget`,
          };
        }
        return { action: "continue" };
      }
      if (++bad < patience) return { action: "continue" };
      const what = Number.isFinite(loss)
        ? `loss ${loss.toFixed(3)} against a median of ${usual.toFixed(3)}`
        : `loss is ${loss}`;
      bad = 0;
      recent.length = 0;
      if (rollbacks === maxRollbacks)
        return { action: "give-up", reason: `${what}, ${patience} times in a row, after ${rollbacks} rollbacks` };
      rollbacks++;
      return { action: "rollback", reason: `${what}, ${patience} times in a row` };
    },
  };
};

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length === 0 ? Number.NaN : sorted[sorted.length >> 1]!;
};
