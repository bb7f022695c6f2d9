import { describe, expect, it } from "vitest";
import {
  byBudget,
  byMicrobatches,
  bySteps,
  byTokens,
  constant,
  cosine,
  decayBranch,
  join,
  linear,
  quantize,
  ramp,
  type StudyScheduleName,
  type StudyScheduleOptions,
  scale,
  scheduleByName,
  scheduleNames,
  stretch,
  studySchedule,
  studyScheduleNames,
  triangle2,
  warmup,
} from "./index.ts";

describe("combinations", () => {
  it("scale multiplies", () => {
    expect(scale(triangle2(), 1e-3)(0)).toBe(2.5e-4);
    expect(() => scale(triangle2(), Number.NaN)).toThrow(/scale: expected "factor"/);
  });

  it("join runs each schedule over its own interval", () => {
    const schedule = join([ramp(), constant(), linear()], [0.2, 0.6]);
    expect([0, 0.1, 0.2, 0.5, 0.6, 0.8, 1].map(schedule)).toEqual([0, 0.5, 1, 1, 1, expect.closeTo(0.5, 12), 0]);
    expect(() => join([ramp(), linear()], [])).toThrow(/expected 1 boundaries for 2 schedules, got 0/);
    expect(() => join([ramp(), linear()], [1.5])).toThrow(/rise from 0 to 1, got 1.5/);
    expect(() => join([ramp(), linear()], [Number.NaN])).toThrow(/got NaN/);
  });

  it("join begins the next schedule at its boundary", () => {
    expect([0.4, 0.5, 0.6].map(join([ramp(), ramp()], [0.5]))).toEqual([0.8, 0, expect.closeTo(0.2, 12)]);
  });

  it("join counts in steps where its boundaries do", () => {
    const rate = bySteps(join([ramp(), cosine()], [100], 1100));
    expect([0, 50, 100, 600, 1100, 5000].map((step) => rate({ step }))).toEqual([
      0,
      0.5,
      1,
      expect.closeTo(0.5, 12),
      0,
      0,
    ]);
  });

  it("warmup is continuous for a schedule that does not start at 1", () => {
    const schedule = warmup(triangle2(), 0.2);
    expect(schedule(0)).toBe(0);
    expect(schedule(0.1)).toBeCloseTo(0.125, 12);
    expect(schedule(0.2)).toBe(0.25);
    expect(schedule(0.2 + 0.8 * 0.75)).toBeCloseTo(1, 12);
    expect(warmup(cosine(), 0)(0.5)).toBeCloseTo(0.5, 12);
    expect(warmup(cosine(), 0, 1000)(500)).toBeCloseTo(0.5, 12);
  });

  it("a warm-up of linear and cosine is the formula with W in it", () => {
    for (const t of [0, 0.05, 0.1, 0.3, 0.77, 1]) {
      expect(warmup(linear(), 0.1)(t)).toBeCloseTo(linear({ warmup: 0.1 })(t), 12);
      expect(warmup(cosine(), 0.1)(t)).toBeCloseTo(cosine({ warmup: 0.1 })(t), 12);
    }
  });

  it("a decay branch leaves any trunk where it is", () => {
    const trunk = studySchedule("inverse-sqrt", { warmup: 0.01 });
    const branch = decayBranch(trunk, { from: 0.25, length: 0.1, shape: (p) => 1 - p });
    expect(branch(0.2)).toBe(trunk(0.2));
    expect(branch(0.25)).toBe(trunk(0.25));
    expect(branch(0.3)).toBeCloseTo(trunk(0.25) / 2, 12);
    expect(branch(0.35)).toBeCloseTo(0, 12);
    expect(() => decayBranch(trunk, { from: 0.5, length: 0 })).toThrow(/decayBranch: expected "length"/);
  });

  it("quantize reads whole steps", () => {
    const schedule = quantize(ramp(), 10);
    expect([0, 0.05, 0.1, 0.19, 1].map(schedule)).toEqual([0, 0, 0.1, 0.1, 1]);
  });

  it("stretch runs over steps", () => {
    expect(stretch(triangle2(), 1000)(750)).toBe(1);
  });
});

describe("positions", () => {
  it("come from the budget, steps, microbatches or tokens", () => {
    expect(byBudget()({ fraction: 0.5 })).toBe(0.75);
    expect(bySteps(triangle2(), 200)({ step: 100 })).toBe(0.75);
    expect(byMicrobatches(triangle2(), 200)({ microbatch: 150 })).toBe(1);
    expect(byTokens(triangle2(), 1e9)({ tokens: 25e7 })).toBe(0.5);
  });

  it("must be numbers", () => {
    expect(() => byBudget()({ fraction: Number.NaN })).toThrow(
      "byBudget: expected progress.fraction to be at least 0, got NaN",
    );
    expect(() => bySteps(triangle2(), 10)({ step: -1 })).toThrow(
      "bySteps: expected progress.step to be at least 0, got -1",
    );
    expect(() => bySteps(triangle2(), 0)).toThrow(/bySteps: expected "steps"/);
  });
});

/** Which options each name of the study takes; it must refuse the others. */
const taken: Record<StudyScheduleName, readonly (keyof StudyScheduleOptions)[]> = {
  none: [],
  constant: [],
  constant_with_warmup: ["warmup"],
  linear: ["warmup"],
  cosine: ["warmup"],
  cosine_with_restarts: ["warmup"],
  polynomial: ["warmup", "end"],
  "polynomial-decay": ["warmup", "end"],
  "cosine-decay": ["warmup"],
  "inverse-sqrt": ["warmup", "cooldown"],
  "one-cycle": [],
  ramp: ["cooldown"],
  triangle2: [],
  "budget-linear": ["warmup"],
  "budget-cosine-decay": ["warmup"],
  "budget-cosine-annealing": ["warmup"],
  "budget-constant": ["warmup", "cooldown"],
  "budget-inverse-sqrt": ["warmup", "cooldown"],
  "budget-polynomial": ["warmup"],
  "budget-one-cycle": [],
  "budget-multi-cycle": [],
  "budget-ramp": ["cooldown"],
  "budget-inv-cosine": ["cooldown"],
  "budget-dive": ["warmup"],
  "budget-dive-slow": ["warmup"],
  "budget-dive-fast": ["warmup"],
  "budget-triangle1": [],
  "budget-triangle2": [],
};

describe("the study's names", () => {
  it("are the listed ones", () => {
    expect([...studyScheduleNames].sort()).toEqual(Object.keys(taken).sort());
  });

  describe.each(studyScheduleNames)("%s", (name) => {
    it("is a multiplier without options", () => {
      const schedule = studySchedule(name);
      expect(schedule(0.51)).toBeGreaterThan(0);
      expect(schedule(0.51)).toBeLessThanOrEqual(1);
    });

    /** Where each option shows. */
    const places = { warmup: 0.05, cooldown: 0.95, end: 1 } as const;
    it.each(Object.entries(places) as [keyof typeof places, number][])(
      "%s works or is refused, as listed",
      (option, at) => {
        const changed = () => studySchedule(name, { [option]: 0.1 })(at);
        if (taken[name].includes(option)) {
          expect(changed()).not.toBe(studySchedule(name)(at));
          expect(changed()).toBeGreaterThan(0);
        } else {
          expect(changed).toThrow(
            `studySchedule: expected no "${option}" with ${name}, which has none, got 0.1; set it to 0`,
          );
          expect(studySchedule(name, { [option]: 0 })(at)).toBe(studySchedule(name)(at));
        }
      },
    );
  });

  it("are refused where they are unknown", () => {
    expect(() => studySchedule("budget-square" as StudyScheduleName)).toThrow(
      /expected one of none, .* got budget-square/,
    );
  });

  it("read the default recipe", () => {
    expect([0, 0.75, 1].map(studySchedule("budget-triangle2"))).toEqual([0.25, 1, 0]);
  });
});

describe("schedules that the study does not have", () => {
  it.each([
    ["wsd", {}, { 0.5: 1, 0.9: 0.5, 1: 0 }],
    ["wsd", { warmup: 0.1, cooldown: 0.4 }, { 0.05: 0.5, 0.6: 1, 0.8: 0.5, 1: 0 }],
    ["wsd-sqrt", { cooldown: 0.4 }, { 0.6: 1, 0.7: 0.5, 1: 0 }],
    ["triangle2", {}, { 0: 0.25, 0.75: 1 }],
  ] as const)("%s, %o", (name, options, expected) => {
    const schedule = scheduleByName(name, options);
    for (const [at, value] of Object.entries(expected)) expect(schedule(Number(at)), at).toBeCloseTo(value, 12);
  });

  it("refuse what they do not have, and other names", () => {
    expect(() => scheduleByName("wsd", { end: 0.1 })).toThrow('scheduleByName: expected no "end" with wsd');
    expect(() => scheduleByName("wds" as "wsd")).toThrow(/expected one of none, /);
    expect(scheduleNames).toEqual([...studyScheduleNames, "wsd", "wsd-sqrt"]);
  });
});
