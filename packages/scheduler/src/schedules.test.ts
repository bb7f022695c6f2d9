import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  constant,
  cosine,
  cosineAnnealing,
  dive,
  inverseCosine,
  inverseSqrt,
  linear,
  multiCycle,
  oneCycle,
  polynomial,
  ramp,
  type Schedule,
  trapezoid,
  triangle,
  triangle1,
  triangle2,
  wsd,
} from "./index.ts";

interface Row {
  name: string;
  schedule: Schedule;
  /** Position and multiplier, worked out by hand from the formula. */
  values: readonly (readonly [number, number])[];
  /** Positions between which it rises or falls, alternately, beginning with "up" or "down" or neither. */
  turns: readonly number[];
  first: "up" | "down" | "flat";
  /** The steepest slope, for continuity; Infinity where the formula jumps. */
  slope: number;
}

const rows: Row[] = [
  {
    name: "constant",
    schedule: constant(),
    values: [
      [0, 1],
      [0.5, 1],
      [1, 1],
      [2, 1],
    ],
    turns: [0, 1],
    first: "flat",
    slope: 0,
  },
  {
    name: "linear",
    schedule: linear({ warmup: 0.2 }),
    values: [
      [0, 0],
      [0.1, 0.5],
      [0.2, 1],
      [0.6, 0.5],
      [1, 0],
      [1.5, 0],
    ],
    turns: [0, 0.2, 1],
    first: "up",
    slope: 5,
  },
  {
    name: "linear without warm-up",
    schedule: linear(),
    values: [
      [0, 1],
      [0.25, 0.75],
      [1, 0],
      [9, 0],
    ],
    turns: [0, 1],
    first: "down",
    slope: 1,
  },
  {
    name: "linear to an end",
    schedule: linear({ end: 0.1 }),
    values: [
      [0, 1],
      [0.5, 0.55],
      [1, 0.1],
      [2, 0.1],
    ],
    turns: [0, 1],
    first: "down",
    slope: 1,
  },
  {
    name: "polynomial",
    schedule: polynomial({ warmup: 0.01, end: 1e-3 }),
    values: [
      [0.005, 0.5],
      [0.01, 1],
      [0.505, 0.5005],
      [1, 1e-3],
      [2, 1e-3],
    ],
    turns: [0, 0.01, 1],
    first: "up",
    slope: 100,
  },
  {
    name: "polynomial of power 2",
    schedule: polynomial({ power: 2 }),
    values: [
      [0, 1],
      [0.5, 0.25],
      [0.75, 0.0625],
      [1, 0],
    ],
    turns: [0, 1],
    first: "down",
    slope: 2,
  },
  {
    name: "cosine",
    schedule: cosine({ warmup: 0.5 }),
    values: [
      [0, 0],
      [0.25, 0.5],
      [0.5, 1],
      [0.75, 0.5],
      [0.625, 0.5 + Math.SQRT1_2 / 2],
      [1, 0],
      [1.2, 0],
    ],
    turns: [0, 0.5, 1],
    first: "up",
    slope: Math.PI,
  },
  {
    name: "cosine with restarts",
    schedule: cosineAnnealing(),
    values: [
      [0, 1],
      [0.125, 0.5],
      [0.25, 1],
      [0.375, 0.5],
      [0.875, 0.5],
      [1, 0],
    ],
    turns: [0, 0.2499999],
    first: "down",
    slope: Infinity,
  },
  {
    name: "inverse cosine",
    schedule: inverseCosine(),
    values: [
      [0, 0],
      [0.25, 0.5 - Math.SQRT1_2 / 2],
      [0.5, 0.5],
      [1, 1],
      [2, 1],
    ],
    turns: [0, 1],
    first: "up",
    slope: Math.PI / 2,
  },
  {
    name: "inverse cosine with cool-down",
    schedule: inverseCosine({ cooldown: 0.5 }),
    values: [
      [0.25, 0.5 - Math.SQRT1_2 / 2],
      [0.5, 0.5],
      [0.75, 0.25],
      [1, 0],
      [2, 0],
    ],
    turns: [0, 0.5, 1],
    first: "up",
    slope: Math.PI / 2,
  },
  {
    name: "inverse square root",
    schedule: inverseSqrt({ warmup: 0.04 }),
    values: [
      [0, 0],
      [0.02, 0.5],
      [0.04, 1],
      [0.16, 0.5],
      [1, 0.2],
      [4, 0.1],
    ],
    turns: [0, 0.04, 1],
    first: "up",
    slope: 25,
  },
  {
    name: "inverse square root with cool-down",
    schedule: inverseSqrt({ warmup: 0.16, cooldown: 0.36 }),
    values: [
      [0.16, 1],
      [0.64, 0.5],
      [0.82, 0.25],
      [1, 0],
      [2, 0],
    ],
    turns: [0, 0.16, 1],
    first: "up",
    slope: 6.25,
  },
  {
    name: "one cycle",
    schedule: oneCycle(),
    values: [
      [0, 0],
      [0.25, 0.5],
      [0.5, 1],
      [0.75, 0.5],
      [1, 0],
      [1.1, 0],
    ],
    turns: [0, 0.5, 1],
    first: "up",
    slope: 2,
  },
  {
    name: "multi cycle",
    schedule: multiCycle(),
    values: [
      [0, 0],
      [1 / 32, 0.5],
      [1 / 16, 1],
      [3 / 32, 0.5],
      [1 / 8, 0],
      [15 / 16, 1],
      [1, 0],
      [1.06, 0],
    ],
    turns: [0, 1 / 16, 1 / 8, 3 / 16],
    first: "up",
    slope: 16,
  },
  {
    name: "ramp",
    schedule: ramp(),
    values: [
      [0, 0],
      [0.3, 0.3],
      [1, 1],
      [2, 1],
    ],
    turns: [0, 1],
    first: "up",
    slope: 1,
  },
  {
    name: "ramp with cool-down",
    schedule: ramp({ cooldown: 0.2 }),
    values: [
      [0, 0],
      [0.4, 0.4],
      [0.8, 0.8],
      [0.9, 0.4],
      [1, 0],
      [2, 0],
    ],
    turns: [0, 0.8, 1],
    first: "up",
    slope: 4,
  },
  {
    name: "constant with cool-down",
    schedule: trapezoid({ warmup: 0.1, cooldown: 0.25 }),
    values: [
      [0, 0],
      [0.05, 0.5],
      [0.1, 1],
      [0.75, 1],
      [0.875, 0.5],
      [1, 0],
      [1.5, 0],
    ],
    turns: [0, 0.1],
    first: "up",
    slope: 10,
  },
  {
    name: "dive",
    schedule: dive(),
    values: [
      [0, 1],
      [0.5, 1],
      [0.75, 0.5],
      [1, 0],
      [1.5, 0],
    ],
    turns: [0, 1],
    first: "down",
    slope: 2,
  },
  {
    name: "dive, slow",
    schedule: dive({ fall: 0.75 }),
    values: [
      [0.25, 1],
      [0.625, 0.5],
      [1, 0],
    ],
    turns: [0, 1],
    first: "down",
    slope: 4 / 3,
  },
  {
    name: "dive, fast",
    schedule: dive({ fall: 0.25 }),
    values: [
      [0.75, 1],
      [0.875, 0.5],
      [1, 0],
    ],
    turns: [0, 1],
    first: "down",
    slope: 4,
  },
  {
    name: "dive after a warm-up",
    schedule: dive({ warmup: 0.1, fall: 0.25 }),
    values: [
      [0, 0],
      [0.05, 0.5],
      [0.1, 1],
      [0.75, 1],
      [0.875, 0.5],
      [1, 0],
      [1.5, 0],
    ],
    turns: [0, 0.1],
    first: "up",
    slope: 10,
  },
  {
    name: "triangle1",
    schedule: triangle1(),
    values: [
      [0, 0.5],
      [0.375, 0.75],
      [0.75, 1],
      [0.875, 0.5],
      [1, 0],
      [1.5, 0],
    ],
    turns: [0, 0.75, 1],
    first: "up",
    slope: 4,
  },
  {
    name: "triangle2",
    schedule: triangle2(),
    values: [
      [0, 0.25],
      [0.25, 0.5],
      [0.5, 0.75],
      [0.75, 1],
      [0.875, 0.5],
      [0.9375, 0.25],
      [1, 0],
      [1.5, 0],
    ],
    turns: [0, 0.75, 1],
    first: "up",
    slope: 4,
  },
  {
    name: "triangle of its own",
    schedule: triangle({ base: 0.1, fall: 0.5 }),
    values: [
      [0, 0.1],
      [0.25, 0.55],
      [0.5, 1],
      [0.75, 0.5],
      [1, 0],
    ],
    turns: [0, 0.5, 1],
    first: "up",
    slope: 2,
  },
  {
    name: "warm-up, stable, decay",
    schedule: wsd({ warmup: 0.1, decay: 0.2 }),
    values: [
      [0, 0],
      [0.05, 0.5],
      [0.1, 1],
      [0.8, 1],
      [0.9, 0.5],
      [1, 0],
      [2, 0],
    ],
    turns: [0, 0.1],
    first: "up",
    slope: 10,
  },
  {
    name: "the same, square root",
    schedule: wsd({ warmup: 0.1, decay: 0.2, shape: "sqrt" }),
    values: [
      [0.8, 1],
      [0.85, 0.5],
      [1, 0],
      [2, 0],
    ],
    turns: [0, 0.1],
    first: "up",
    slope: Infinity,
  },
  {
    name: "the same, cosine",
    schedule: wsd({ warmup: 0.1, decay: 0.2, shape: "cosine" }),
    values: [
      [0.8, 1],
      [0.9, 0.5],
      [1, 0],
      [1.1, 0],
    ],
    turns: [0, 0.1],
    first: "up",
    slope: 10,
  },
];

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
