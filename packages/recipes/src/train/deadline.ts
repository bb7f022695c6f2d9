import { type Budget, budgetFraction, type Counts } from "@cramkit/scheduler";

/** A budget in hours, in which the last checkpoint has its place, too; of any other budget only the fraction. */
export interface Deadline {
  /** The used part of the budget. With hours: of what is left when the last checkpoint has its time. */
  fraction(counts: Counts): number;
  /** Whether something that took so long before ends in time, with the last checkpoint after it. */
  hasTimeFor(ms: number, elapsedMs: number): boolean;
  /** Learns how long a checkpoint, or a microbatch, takes: the longest counts. */
  checkpointTook(ms: number): void;
  microbatchTook(ms: number): void;
}

/** A checkpoint may take longer than those before it: it has this much more time. */
const margin = 1.5;
/** Microbatches that end after the loop has seen that the time is up: its own, and those in flight. */
const late = 3;
/** For whatever else a machine does at that moment. */
const slackMs = 250;

export const createDeadline = (budget: Budget): Deadline => {
  const used = budgetFraction(budget);
  const totalMs = budget.hours === undefined ? Number.POSITIVE_INFINITY : budget.hours * 3_600_000;
  let [checkpointMs, microbatchMs] = [0, 0];
  // If a checkpoint takes longer than half of the budget, no reserve makes sense of it.
  const trainingMs = () => totalMs - Math.min(margin * checkpointMs + late * microbatchMs + slackMs, totalMs / 2);
  return {
    fraction: (counts) =>
      totalMs === Number.POSITIVE_INFINITY
        ? used(counts)
        : used({ ...counts, elapsedMs: (counts.elapsedMs * totalMs) / trainingMs() }),
    hasTimeFor: (ms, elapsedMs) => elapsedMs + margin * ms <= trainingMs(),
    checkpointTook(ms) {
      checkpointMs = Math.max(checkpointMs, ms);
    },
    microbatchTook(ms) {
      microbatchMs = Math.max(microbatchMs, ms);
    },
  };
};
