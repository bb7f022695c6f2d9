/** Where a run stands. `fraction` is the part of the budget that is used, 0 to 1. The trainer counts it. */
export interface Progress {
  microbatch: number;
  step: number;
  examples: number;
  tokens: number;
  elapsedMs: number;
  fraction: number;
}

/**
 * A multiplier, at least 0, of the base learning rate. The position is the fraction of the budget, 0 to 1, unless a
 * schedule was stretched or joined over steps; beyond its end a schedule keeps its last value.
 */
export type Schedule = (position: number) => number;
