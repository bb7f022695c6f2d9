import { fault } from "@cramkit/errors";
import { checkPositive } from "./check.ts";
import type { Progress } from "./types.ts";

/** What a run may use. Of several limits the first that is reached ends it. */
export interface Budget {
  /** @defaultValue no limit */
  hours?: number;
  /** @defaultValue no limit */
  steps?: number;
  /** @defaultValue no limit */
  microbatches?: number;
  /** @defaultValue no limit */
  examples?: number;
  /** @defaultValue no limit */
  tokens?: number;
  /**
   * Floating-point operations of the training, which needs `flopsPerToken` (forward and backward).
   * @defaultValue no limit
   */
  flops?: number;
  /** @defaultValue none; `flops` needs it */
  flopsPerToken?: number;
}

export type Counts = Omit<Progress, "fraction">;

const limits = ["hours", "steps", "microbatches", "examples", "tokens", "flops"] as const;

/** The used part of a budget, 0 to 1, of a run that has counted so much: what `Progress.fraction` holds. */
export const budgetFraction = (budget: Budget): ((counts: Counts) => number) => {
  const given = limits.filter((limit) => budget[limit] !== undefined);
  if (given.length === 0)
    throw fault({
      code: "invalid-argument",
      place: "budgetFraction",
      problem: `expected one of ${limits.join(", ")}, got none`,
      type: RangeError,
    });
  for (const limit of given) checkPositive("budgetFraction", limit, budget[limit]!);
  if (budget.flops !== undefined) checkPositive("budgetFraction", "flopsPerToken", budget.flopsPerToken ?? Number.NaN);
  const used: Record<(typeof limits)[number], (counts: Counts) => number> = {
    hours: ({ elapsedMs }) => elapsedMs / 3_600_000,
    steps: ({ step }) => step,
    microbatches: ({ microbatch }) => microbatch,
    examples: ({ examples }) => examples,
    tokens: ({ tokens }) => tokens,
    flops: ({ tokens }) => tokens * budget.flopsPerToken!,
  };
  return (counts) => Math.min(1, Math.max(...given.map((limit) => used[limit](counts) / budget[limit]!)));
};

/**
 * The time that a run has used, in milliseconds, over all of its sessions: a resumed run passes what its checkpoint
 * held. `now` is a clock that only goes forward.
 */
export const elapsedClock = (elapsedMs = 0, now: () => number = () => performance.now()): (() => number) => {
  if (!(elapsedMs >= 0 && elapsedMs < Infinity)) {
    throw fault({
      code: "invalid-argument",
      place: "elapsedClock",
      problem: `expected "elapsedMs" to be a finite number of at least 0, got ${elapsedMs}`,
      type: RangeError,
    });
  }
  const start = now();
  return () => elapsedMs + (now() - start);
};
