import { fault } from "@cramkit/errors";
import { checkPositive } from "./check.ts";
import { triangle2 } from "./triangle.ts";
import type { Progress, Schedule } from "./types.ts";

const read =
  <K extends keyof Progress>(where: string, schedule: Schedule, key: K, total: number) =>
  (progress: Pick<Progress, K>): number => {
    const position = progress[key];
    if (!(position >= 0))
      throw fault({
        code: "invalid-argument",
        place: where,
        problem: `expected progress.${key} to be at least 0, got ${position}`,
        type: RangeError,
      });
    return schedule(position / total);
  };

/** A schedule over the budget, whatever its unit: `schedule(progress.fraction)`. */
export const byBudget = (schedule: Schedule = triangle2()): ((progress: Pick<Progress, "fraction">) => number) =>
  read("byBudget", schedule, "fraction", 1);

/** A schedule over a number of optimizer steps. Leave `steps` out if the schedule's positions are steps already. */
export const bySteps = (schedule: Schedule, steps = 1): ((progress: Pick<Progress, "step">) => number) =>
  read("bySteps", schedule, "step", checkPositive("bySteps", "steps", steps));

/** A schedule over a number of microbatches: the study advances its schedules with each of them. */
export const byMicrobatches = (schedule: Schedule, count = 1): ((progress: Pick<Progress, "microbatch">) => number) =>
  read("byMicrobatches", schedule, "microbatch", checkPositive("byMicrobatches", "count", count));

/** A schedule over a number of tokens. */
export const byTokens = (schedule: Schedule, tokens = 1): ((progress: Pick<Progress, "tokens">) => number) =>
  read("byTokens", schedule, "tokens", checkPositive("byTokens", "tokens", tokens));
