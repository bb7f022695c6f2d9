import { inverseCosine, multiCycle, oneCycle } from "./cycle.ts";
import { cosine, cosineAnnealing, dive, inverseSqrt, linear, type PhaseOptions, polynomial } from "./decay.ts";
import { constant, ramp, trapezoid } from "./plateau.ts";
import { triangle1, triangle2 } from "./triangle.ts";
import type { Schedule } from "./types.ts";

const study = {
  none: () => constant(),
  constant: () => constant(),
  constant_with_warmup: ({ warmup }) => trapezoid({ warmup }),
  linear: ({ warmup }) => linear({ warmup }),
  cosine: ({ warmup }) => cosine({ warmup }),
  cosine_with_restarts: ({ warmup }) => cosineAnnealing({ warmup, cycles: 1 }),
  polynomial: ({ warmup, end }) => polynomial({ warmup, end }),
  "polynomial-decay": ({ warmup, end }) => polynomial({ warmup, end }),
  "cosine-decay": ({ warmup }) => cosine({ warmup }),
  "inverse-sqrt": ({ warmup, cooldown }) => inverseSqrt({ warmup, cooldown }),
  "one-cycle": () => oneCycle(),
  ramp: ({ cooldown }) => ramp({ cooldown }),
  triangle2: () => triangle2(),
  "budget-linear": ({ warmup }) => linear({ warmup }),
  "budget-cosine-decay": ({ warmup }) => cosine({ warmup }),
  "budget-cosine-annealing": ({ warmup }) => cosineAnnealing({ warmup }),
  "budget-constant": ({ warmup, cooldown }) => trapezoid({ warmup, cooldown }),
  "budget-inverse-sqrt": ({ warmup, cooldown }) => inverseSqrt({ warmup, cooldown }),
  // The reference mixes its real steps with those of the budget here; this is the curve that it meant.
  "budget-polynomial": ({ warmup }) => polynomial({ warmup }),
  "budget-one-cycle": () => oneCycle(),
  "budget-multi-cycle": () => multiCycle(),
  "budget-ramp": ({ cooldown }) => ramp({ cooldown }),
  "budget-inv-cosine": () => inverseCosine(),
  "budget-dive": () => dive(),
  "budget-dive-slow": () => dive({ fall: 0.75 }),
  "budget-dive-fast": () => dive({ fall: 0.25 }),
  "budget-triangle1": () => triangle1(),
  "budget-triangle2": () => triangle2(),
} satisfies Record<string, (options: StudyScheduleOptions) => Schedule>;

export interface StudyScheduleOptions extends PhaseOptions {
  /** The last multiplier of a polynomial decay. */
  end?: number;
}

/** The names that the study's configurations give to their schedules. */
export type StudyScheduleName = keyof typeof study;

export const studyScheduleNames = Object.keys(study) as StudyScheduleName[];

/** A schedule by the name that a configuration of the study has for it; warm-up and cool-down are parts of the run. */
export const studySchedule = (name: StudyScheduleName, options: StudyScheduleOptions = {}): Schedule => {
  if (!Object.hasOwn(study, name)) {
    throw new RangeError(`studySchedule: expected one of ${studyScheduleNames.join(", ")}, got ${name}`);
  }
  const make: (options: StudyScheduleOptions) => Schedule = study[name];
  return make(options);
};
