import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { batchRamp, budgetFraction, elapsedClock, sequenceCurriculum } from "./index.ts";

const none = { microbatch: 0, step: 0, examples: 0, tokens: 0, elapsedMs: 0 };

describe("budgetFraction", () => {
  it("counts hours, steps, microbatches, examples, tokens and operations", () => {
    expect(budgetFraction({ hours: 24 })({ ...none, elapsedMs: 6 * 3_600_000 })).toBe(0.25);
    expect(budgetFraction({ steps: 1000 })({ ...none, step: 250 })).toBe(0.25);
    expect(budgetFraction({ microbatches: 10 })({ ...none, microbatch: 5 })).toBe(0.5);
    expect(budgetFraction({ examples: 10 })({ ...none, examples: 1 })).toBe(0.1);
    expect(budgetFraction({ tokens: 4e9 })({ ...none, tokens: 1e9 })).toBe(0.25);
    expect(budgetFraction({ flops: 6e18, flopsPerToken: 6e9 })({ ...none, tokens: 5e8 })).toBe(0.5);
  });

  it("ends with the first limit that is reached, and never exceeds 1", () => {
    const fraction = budgetFraction({ hours: 1, steps: 100 });
    expect(fraction({ ...none, elapsedMs: 1_800_000, step: 10 })).toBe(0.5);
    expect(fraction({ ...none, elapsedMs: 1_800_000, step: 90 })).toBe(0.9);
    expect(fraction({ ...none, elapsedMs: 9e9, step: 90 })).toBe(1);
  });

  it("refuses nonsense", () => {
    expect(() => budgetFraction({})).toThrow(/expected one of hours, steps/);
    expect(() => budgetFraction({ hours: -1 })).toThrow(/budgetFraction: expected "hours" .* got -1/);
    expect(() => budgetFraction({ hours: "24" as never })).toThrow(/"hours" .* got "24"/);
    expect(() => budgetFraction({ tokens: Number.NaN })).toThrow(/"tokens" .* got NaN/);
    expect(() => budgetFraction({ flops: 1e18 })).toThrow(/"flopsPerToken"/);
  });
});

describe("elapsedClock", () => {
  it("goes on where the last session stopped", () => {
    let now = 1000;
    const first = elapsedClock(0, () => now);
    now += 500;
    const saved = first();
    now += 1e9; // the time between two sessions does not count
    const second = elapsedClock(saved, () => now);
    now += 250;
    expect([saved, second()]).toEqual([500, 750]);
    expect(() => elapsedClock(Number.NaN)).toThrow(/elapsedClock: expected "elapsedMs"/);
  });
});

describe("batchRamp", () => {
  it("is the formula of the final recipe, at exact points", () => {
    // 8192 in microbatches of 128 over 0.6 of the budget: one more microbatch every 0.6 / 64 of it.
    const size = batchRamp({ batchSize: 8192, microbatchSize: 128 });
    const at = (fraction: number) => size({ microbatch: 0, fraction });
    expect([0, 0.009, 0.0094, 0.15, 0.3, 0.5999, 0.6, 0.9, 1].map(at)).toEqual([
      128, 128, 256, 2176, 4224, 8192, 8192, 8192, 8192,
    ]);
  });

  it("counts a fraction in whole steps of the cap", () => {
    const size = batchRamp({ batchSize: 100, microbatchSize: 10, ramp: 0.5, steps: 10 });
    const sizes = [0, 0.09, 0.1, 0.19, 0.2, 0.49, 0.5].map((fraction) => size({ microbatch: 0, fraction }));
    expect(sizes).toEqual([10, 10, 30, 30, 50, 90, 100]);
  });

  it("counts microbatches in the older recipe", () => {
    const size = batchRamp({ batchSize: 4032, microbatchSize: 96, ramp: 300_000 });
    const at = (microbatch: number) => size({ microbatch, fraction: 0 });
    expect([0, 7142, 7143, 150_000, 299_999, 300_000, 1e6].map(at)).toEqual([96, 96, 192, 2112, 4032, 4032, 4032]);
  });

  it("without a ramp is the batch size", () => {
    expect(batchRamp({ batchSize: 512, microbatchSize: 64, ramp: 0 })({ microbatch: 0, fraction: 0 })).toBe(512);
  });

  it("never shrinks, starts at a microbatch, ends at the batch and grows in whole microbatches", () => {
    const shape = fc.record({
      microbatchSize: fc.integer({ min: 1, max: 512 }),
      times: fc.integer({ min: 1, max: 200 }),
      ramp: fc.integer({ min: 1, max: 99 }).map((i) => i / 100),
    });
    const fractions = fc.array(
      fc.integer({ min: 0, max: 2 ** 24 }).map((i) => i / 2 ** 24),
      { minLength: 2, maxLength: 20 },
    );
    fc.assert(
      fc.property(shape, fractions, ({ microbatchSize, times, ramp }, positions) => {
        const batchSize = microbatchSize * times;
        const size = batchRamp({ batchSize, microbatchSize, ramp });
        const sizes = positions.sort((a, b) => a - b).map((fraction) => size({ microbatch: 0, fraction }));
        expect(size({ microbatch: 0, fraction: 0 })).toBe(microbatchSize);
        expect(size({ microbatch: 0, fraction: 1 })).toBe(batchSize);
        sizes.forEach((value, i) => {
          expect(value % microbatchSize).toBe(0);
          expect(value).toBeGreaterThanOrEqual(sizes[i - 1] ?? microbatchSize);
        });
      }),
    );
  });

  it("refuses a microbatch that is larger than the batch", () => {
    expect(() => batchRamp({ batchSize: 64, microbatchSize: 128 })).toThrow(/at most batchSize 64, got 128/);
    expect(() => batchRamp({ batchSize: 64, microbatchSize: 1.5 })).toThrow(/"microbatchSize" .* got 1.5/);
    expect(() => batchRamp({ batchSize: 64, microbatchSize: 1, ramp: -1 })).toThrow(/"ramp"/);
  });
});

describe("sequenceCurriculum", () => {
  it("lengthens the rows at the study's fractions", () => {
    const length = sequenceCurriculum();
    const at = [0, 0.1, 0.19, 0.2, 0.3, 0.49, 0.5, 0.75, 1].map((fraction) => length({ fraction }));
    expect(at).toEqual([8, 8, 8, 16, 32, 32, 64, 128, 128]);
  });

  it("refuses lists that do not fit", () => {
    expect(() => sequenceCurriculum({ lengths: [8] })).toThrow(/as many fractions as lengths .* got 5 for 1/);
    expect(() => sequenceCurriculum({ lengths: [8, 16], fractions: [0.5, 0.5] })).toThrow(/fractions that rise/);
    expect(() => sequenceCurriculum({ lengths: [8.5], fractions: [0] })).toThrow(/"lengths"/);
  });
});
