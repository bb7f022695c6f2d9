import { expect, it } from "vitest";
import { createDeadline } from "./deadline.ts";

const counts = { microbatch: 0, step: 0, examples: 0, tokens: 0, elapsedMs: 0 };
const hour = 3_600_000;

it("ends early enough for one more checkpoint and the microbatches in flight", () => {
  const deadline = createDeadline({ hours: 1 });
  expect(deadline.fraction({ ...counts, elapsedMs: hour / 2 })).toBeCloseTo(0.5, 4);
  deadline.checkpointTook(20_000);
  deadline.microbatchTook(1_000);
  deadline.checkpointTook(5_000); // the longest counts
  expect(deadline.fraction({ ...counts, elapsedMs: hour - 33_250 })).toBe(1);
  expect(deadline.fraction({ ...counts, elapsedMs: hour - 34_000 })).toBeLessThan(1);
  expect(deadline.fraction({ ...counts, elapsedMs: (hour - 33_250) / 2 })).toBeCloseTo(0.5, 12);
});

it("has time for what ends before the last checkpoint", () => {
  const deadline = createDeadline({ hours: 1 });
  deadline.checkpointTook(20_000);
  expect(deadline.hasTimeFor(10_000, hour - 46_000)).toBe(true);
  expect(deadline.hasTimeFor(10_000, hour - 44_000)).toBe(false);
});

it("keeps half of the budget for training, however long a checkpoint takes", () => {
  const deadline = createDeadline({ hours: 1 });
  deadline.checkpointTook(2 * hour);
  expect(deadline.fraction({ ...counts, elapsedMs: hour / 4 })).toBe(0.5);
});

it("leaves budgets without a clock alone", () => {
  const deadline = createDeadline({ steps: 10 });
  deadline.checkpointTook(1e9);
  expect(deadline.fraction({ ...counts, step: 5, elapsedMs: 1e12 })).toBe(0.5);
  expect(deadline.hasTimeFor(1e9, 1e12)).toBe(true);
});
