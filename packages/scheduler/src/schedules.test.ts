import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cosine, dive, inverseSqrt, linear, multiCycle, polynomial, ramp, trapezoid, triangle, wsd } from "./index.ts";
import { firstRows } from "./testing/first-rows.testing.ts";
import { furtherRows } from "./testing/further-rows.testing.ts";

const rows = [...firstRows, ...furtherRows];

/** Even over the range, where `fc.double` would nearly always be close to 0. */
const positions = (from: number, to: number) =>
  fc.integer({ min: 0, max: 2 ** 24 }).map((i) => from + ((to - from) * i) / 2 ** 24);

describe.each(rows)("$name", ({ schedule, values, turns, first, slope }) => {
  it("has the exact values of its formula", () => {
    for (const [t, value] of values) expect(schedule(t), `at ${t}`).toBeCloseTo(value, 12);
  });

  it("stays in [0, 1], beyond both ends too", () => {
    fc.assert(
      fc.property(positions(-1, 3), (t) => {
        const value = schedule(t);
        return value >= 0 && value <= 1 + 1e-12;
      }),
    );
  });

  it("has its first value before the start", () => {
    expect(schedule(-0.5)).toBe(schedule(0));
  });

  it("rises and falls where it should, and nowhere else", () => {
    const position = positions(0, 1);
    for (let i = 0; i + 1 < turns.length; i++) {
      const [from, to] = [turns[i]!, turns[i + 1]!];
      const sign = first === "flat" ? 0 : (first === "up") === (i % 2 === 0) ? 1 : -1;
      fc.assert(
        fc.property(position, position, (a, b) => {
          const [low, high] = [Math.min(a, b), Math.max(a, b)].map((p) => from + p * (to - from));
          const change = schedule(high!) - schedule(low!);
          return sign === 0 ? change === 0 : sign * change >= -1e-12;
        }),
      );
    }
  });

  it.skipIf(slope === Infinity)("has no jump", () => {
    fc.assert(
      fc.property(positions(0, 1), (t) => {
        return Math.abs(schedule(t + 1e-6) - schedule(t)) <= slope * 1.0001e-6 + 1e-12;
      }),
    );
  });
});

const refused: [string, () => unknown, RegExp][] = [
  ["a warm-up of NaN", () => linear({ warmup: Number.NaN }), /linear: expected "warmup" in \[0, 1\), got NaN/],
  ["a warm-up of everything", () => cosine({ warmup: 1 }), /cosine: expected "warmup" in \[0, 1\), got 1/],
  ["a negative end", () => polynomial({ end: -1 }), /polynomial: expected "end" .* got -1/],
  ["a power of 0", () => polynomial({ power: 0 }), /polynomial: expected "power"/],
  [
    "half a cycle",
    () => multiCycle({ cycles: 0.5 }),
    /multiCycle: expected "cycles" to be a whole number above 0, got 0.5/,
  ],
  ["phases that overlap", () => trapezoid({ warmup: 0.7, cooldown: 0.6 }), /warmup \+ cooldown/],
  ["a negative cool-down", () => ramp({ cooldown: -0.1 }), /cooldown/],
  ["a cool-down of everything", () => ramp({ cooldown: 1 }), /ramp: expected "cooldown" in \[0, 1\), got 1/],
  ["a decay of nothing", () => wsd({ decay: 0 }), /wsd: expected "decay" .* above 0, got 0/],
  ["an inverse root without warm-up", () => inverseSqrt({ warmup: 0 }), /inverseSqrt: expected "warmup"/],
  ["a fall of nothing", () => triangle({ fall: 0 }), /triangle: expected "fall" in \(0, 1\], got 0/],
  ["a fall of everything", () => triangle({ fall: 1 }), /triangle: expected "fall" in \[0, 1\), got 1/],
  ["a base above the peak", () => triangle({ base: 1.5 }), /triangle: expected "base"/],
  ["a dive before its warm-up ends", () => dive({ warmup: 0.6 }), /dive: expected "warmup \+ cooldown"/],
  ["a dive of 2", () => dive({ fall: 2 }), /dive: expected "fall"/],
  [
    "an unknown decay",
    () => wsd({ shape: "steep" as "sqrt" }),
    /expected "shape" to be linear, sqrt, cosine or a function, got steep/,
  ],
];

it.each(refused)("refuses %s", (_, make, message) => {
  expect(make).toThrow(message);
});
