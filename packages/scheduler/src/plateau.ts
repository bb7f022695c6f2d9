import { checkOptions, fault } from "@cramkit/errors";
import { checkNonNegative, checkPhases, checkPositive, checkPositiveShare, checkShare } from "./check.ts";
import { clamp, cosineFall } from "./clamp.ts";
import type { PhaseOptions } from "./decay.ts";
import type { Schedule } from "./types.ts";

/** The full rate from start to end. */
export const constant = (): Schedule => () => 1;

/** Up over the warm-up, 1, down in a line to 0 over the cool-down (the study's `budget-constant`). */
export const trapezoid = (options: PhaseOptions = {}): Schedule => {
  checkOptions("trapezoid", options, { warmup: true, cooldown: true });
  const { warmup = 0, cooldown = 0 } = options;
  checkPhases("trapezoid", warmup, cooldown);
  const up = (t: number) => (t < warmup ? t / warmup : 1);
  return clamp((t) => Math.min(up(t), cooldown > 0 ? (1 - t) / cooldown : 1));
};

/** A trapezoid whose cool-down is a dive, the last `fall` of the run. The study's slow dive has 0.75, its fast one 0.25. */
export const dive = (
  options: {
    /** @defaultValue `0` */
    warmup?: number;
    /** @defaultValue `0.5` */
    fall?: number;
  } = {},
): Schedule => {
  checkOptions("dive", options, { warmup: true, fall: true });
  const { warmup = 0, fall = 0.5 } = options;
  checkPositiveShare("dive", "fall", fall);
  checkPhases("dive", warmup, fall);
  return trapezoid({ warmup, cooldown: fall });
};

/** Rises in a line over the run, `t`, then falls from there to 0 over the cool-down: `(1 - c)(1 - t) / c`. */
export const ramp = (
  options: {
    /** @defaultValue `0` */
    cooldown?: number;
  } = {},
): Schedule => {
  checkOptions("ramp", options, { cooldown: true });
  const { cooldown = 0 } = options;
  checkShare("ramp", "cooldown", cooldown);
  return clamp((t) => (cooldown > 0 && t > 1 - cooldown ? ((1 - cooldown) * (1 - t)) / cooldown : Math.min(1, t)));
};

/** How a branch decays over its part p in [0, 1]: from 1 to 0. */
export type DecayShape = "linear" | "sqrt" | "cosine" | ((p: number) => number);

const shapes: Record<string, (p: number) => number> = {
  linear: (p) => 1 - p,
  sqrt: (p) => 1 - Math.sqrt(p),
  cosine: cosineFall,
};

export interface DecayBranchOptions {
  /** The position at which the branch leaves the trunk. */
  from: number;
  /** What the decay takes, in units of the position. */
  length: number;
  /** @defaultValue `"linear"` */
  shape?: DecayShape;
}

/**
 * Follows `trunk` until `from`, then decays to 0 over `length`. A run with a constant trunk can so be ended at any of
 * its checkpoints: resume it with the branch as its schedule.
 */
export const decayBranch = (trunk: Schedule, options: DecayBranchOptions): Schedule => {
  checkOptions("decayBranch", options, { from: true, length: true, shape: true });
  const { from, length, shape = "linear" } = options;
  checkNonNegative("decayBranch", "from", from);
  checkPositive("decayBranch", "length", length);
  const fall = typeof shape === "function" ? shape : shapes[shape];
  if (!fall) {
    throw fault({
      code: "invalid-argument",
      place: "decayBranch",
      problem: `expected "shape" to be ${Object.keys(shapes).join(", ")} or a function, got ${shape}`,
      type: RangeError,
    });
  }
  return clamp((t) => (t < from ? trunk(t) : trunk(from) * fall(Math.min(1, (t - from) / length))));
};

export interface WsdOptions {
  /** @defaultValue `0.01` */
  warmup?: number;
  /**
   * The last part of the run, over which the rate decays to 0.
   * @defaultValue `0.2`
   */
  decay?: number;
  /** @defaultValue `"linear"` */
  shape?: DecayShape;
}

/** Warm-up, stable, decay. */
export const wsd = (options: WsdOptions = {}): Schedule => {
  checkOptions("wsd", options, { warmup: true, decay: true, shape: true });
  const { warmup = 0.01, decay = 0.2, shape = "linear" } = options;
  checkPhases("wsd", warmup, decay);
  checkPositive("wsd", "decay", decay);
  return decayBranch(trapezoid({ warmup }), { from: 1 - decay, length: decay, shape });
};
