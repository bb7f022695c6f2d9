import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import {
  bySteps,
  cosine,
  cosineAnnealing,
  inverseCosine,
  inverseSqrt,
  join,
  linear,
  polynomial,
  ramp,
  type Schedule,
  wsd,
} from "./index.ts";

// The schedules of PyTorch, optax and transformers in this package's terms, step by step: fixtures/make-schedules.py has theirs.

const fixture = JSON.parse(readFileSync(new URL("../fixtures/schedules.json", import.meta.url), "utf8"));
const { steps, schedules }: { steps: number; schedules: Record<string, number[]> } = fixture;
const warmup: number = fixture.warmup / steps;
const decay = 10 / steps;

const between =
  (from: number, to: number, curve: Schedule): Schedule =>
  (p) =>
    from + (to - from) * curve(p);
const [first, last] = [1 / 25, 1 / 25 / 1e4];

const ours: Record<string, Schedule> = {
  "SequentialLR of LinearLR and LinearLR": linear({ warmup, end: 0.1 }),
  "SequentialLR of LinearLR and CosineAnnealingLR": cosine({ warmup, end: 0.1 }),
  PolynomialLR: polynomial({ power: 3 }),
  CosineAnnealingWarmRestarts: cosineAnnealing({ cycles: 4 }),
  OneCycleLR: join([between(first, 1, inverseCosine()), cosine({ end: last })], [0.3]),
  warmup_cosine_decay_schedule: cosine({ warmup, end: 0.1 }),
  "join_schedules of linear and polynomial": polynomial({ warmup, power: 2, end: 1e-4 }),
  cosine_onecycle_schedule: join([between(first, 1, inverseCosine()), cosine({ end: last })], [0.3]),
  linear_onecycle_schedule: join(
    [between(first, 1, ramp()), linear({ end: first }), between(first, last, ramp())],
    [0.3, 0.85],
  ),
  sgdr_schedule: join([cosine({ warmup: 3 / 15 }), cosine({ warmup: 5 / 25 })], [15 / steps]),
  get_linear_schedule_with_warmup: linear({ warmup }),
  get_cosine_with_hard_restarts_schedule_with_warmup: cosineAnnealing({ warmup, cycles: 3 }),
  get_inverse_sqrt_schedule: inverseSqrt({ warmup }),
  "get_wsd_schedule, linear": wsd({ warmup, decay }),
  "get_wsd_schedule, 1-sqrt": wsd({ warmup, decay, shape: "sqrt" }),
  "get_wsd_schedule, cosine": wsd({ warmup, decay, shape: "cosine" }),
};

it.each(Object.keys(schedules))("%s", (name) => {
  const rate = bySteps(ours[name]!, steps);
  schedules[name]!.forEach((value, step) => {
    expect(rate({ step }), `at step ${step}`).toBeCloseTo(value, 10);
  });
});
