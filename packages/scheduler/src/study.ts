import { checkOptions, fault } from "@cramkit/errors";
import { inverseCosine, multiCycle, oneCycle } from "./cycle.ts";
import { cosine, cosineAnnealing, inverseSqrt, linear, type PhaseOptions, polynomial } from "./decay.ts";
import { constant, dive, ramp, trapezoid, wsd } from "./plateau.ts";
import { triangle1, triangle2 } from "./triangle.ts";
import type { Schedule } from "./types.ts";

/** What each of them can be told, and the curve. */
const study = {
  none: [[], () => constant()],
  constant: [[], () => constant()],
  constant_with_warmup: [["warmup"], ({ warmup }) => trapezoid({ warmup })],
  linear: [["warmup"], ({ warmup }) => linear({ warmup })],
  cosine: [["warmup"], ({ warmup }) => cosine({ warmup })],
  cosine_with_restarts: [["warmup"], ({ warmup }) => cosineAnnealing({ warmup, cycles: 1 })],
  polynomial: [["warmup", "end"], ({ warmup, end }) => polynomial({ warmup, end })],
  "polynomial-decay": [["warmup", "end"], ({ warmup, end }) => polynomial({ warmup, end })],
  "cosine-decay": [["warmup"], ({ warmup }) => cosine({ warmup })],
  "inverse-sqrt": [["warmup", "cooldown"], ({ warmup, cooldown }) => inverseSqrt({ warmup, cooldown })],
  "one-cycle": [[], () => oneCycle()],
  ramp: [["cooldown"], ({ cooldown }) => ramp({ cooldown })],
  triangle2: [[], () => triangle2()],
  "budget-linear": [["warmup"], ({ warmup }) => linear({ warmup })],
  "budget-cosine-decay": [["warmup"], ({ warmup }) => cosine({ warmup })],
  "budget-cosine-annealing": [["warmup"], ({ warmup }) => cosineAnnealing({ warmup })],
  "budget-constant": [["warmup", "cooldown"], ({ warmup, cooldown }) => trapezoid({ warmup, cooldown })],
  "budget-inverse-sqrt": [["warmup", "cooldown"], ({ warmup, cooldown }) => inverseSqrt({ warmup, cooldown })],
  // The reference mixes its real steps with those of the budget here; this is the curve that it meant.
  "budget-polynomial": [["warmup"], ({ warmup }) => polynomial({ warmup })],
  "budget-one-cycle": [[], () => oneCycle()],
  "budget-multi-cycle": [[], () => multiCycle()],
  "budget-ramp": [["cooldown"], ({ cooldown }) => ramp({ cooldown })],
  "budget-inv-cosine": [["cooldown"], ({ cooldown }) => inverseCosine({ cooldown })],
  // The reference forgets an argument of its dives, which cannot be made; these are the curves that it meant.
  "budget-dive": [["warmup"], ({ warmup }) => dive({ warmup })],
  "budget-dive-slow": [["warmup"], ({ warmup }) => dive({ warmup, fall: 0.75 })],
  "budget-dive-fast": [["warmup"], ({ warmup }) => dive({ warmup, fall: 0.25 })],
  "budget-triangle1": [[], () => triangle1()],
  "budget-triangle2": [[], () => triangle2()],
} satisfies Record<string, [Option[], (options: StudyScheduleOptions) => Schedule]>;

type Option = keyof StudyScheduleOptions;
const allOptions: readonly Option[] = ["warmup", "cooldown", "end"];

export interface StudyScheduleOptions extends PhaseOptions {
  /**
   * The last multiplier of a polynomial decay.
   * @defaultValue `0`
   */
  end?: number;
}

/** The names that the study's configurations give to their schedules. */
export type StudyScheduleName = keyof typeof study;

export const studyScheduleNames = /* @__PURE__ */ Object.keys(study) as StudyScheduleName[];

/** Not in the study: warm-up, stable, decay in a line or by 1 - sqrt. Without a cool-down it decays over the last fifth. */
const newer = {
  wsd: [["warmup", "cooldown"], ({ warmup, cooldown }) => wsd({ warmup, decay: cooldown || undefined })],
  "wsd-sqrt": [
    ["warmup", "cooldown"],
    ({ warmup, cooldown }) => wsd({ warmup, decay: cooldown || undefined, shape: "sqrt" }),
  ],
} satisfies Record<string, [Option[], (options: StudyScheduleOptions) => Schedule]>;

/** The study's names, and `wsd` and `wsd-sqrt`. */
export type ScheduleName = StudyScheduleName | keyof typeof newer;

const listNames = () => [...studyScheduleNames, ...Object.keys(newer)] as ScheduleName[];

export const scheduleNames = /* @__PURE__ */ listNames();

/**
 * A schedule by its name: {@link studySchedule}, `wsd` or `wsd-sqrt`.
 *
 * @throws RangeError for an unknown name, and for an option above 0 that the schedule does not have
 */
export const scheduleByName = (name: ScheduleName, options: StudyScheduleOptions = {}): Schedule => {
  checkOptions("scheduleByName", options, { end: true, warmup: true, cooldown: true });
  if (!Object.hasOwn(newer, name)) return studySchedule(name as StudyScheduleName, options);
  return made("scheduleByName", name, newer[name as keyof typeof newer], options);
};

/**
 * A schedule by the name that a configuration of the study has for it; warm-up and cool-down are parts of the run.
 *
 * @throws RangeError for an unknown name, and for an option above 0 that the schedule does not have
 */
export const studySchedule = (name: StudyScheduleName, options: StudyScheduleOptions = {}): Schedule => {
  checkOptions("studySchedule", options, { end: true, warmup: true, cooldown: true });
  if (!Object.hasOwn(study, name)) {
    throw fault({
      code: "invalid-argument",
      place: "studySchedule",
      problem: `expected one of ${studyScheduleNames.join(", ")}, got ${name}`,
      type: RangeError,
    });
  }
  return made("studySchedule", name, study[name], options);
};

const made = (
  where: string,
  name: string,
  [known, make]: [Option[], (options: StudyScheduleOptions) => Schedule],
  options: StudyScheduleOptions,
): Schedule => {
  const other = allOptions.find((option) => (options[option] ?? 0) !== 0 && !known.includes(option));
  if (other) {
    throw fault({
      code: "invalid-argument",
      place: where,
      problem: `expected no "${other}" with ${name}, which has none, got ${options[other]}`,
      remedy: "set it to 0",
      type: RangeError,
    });
  }
  return make(options);
};
