import { checkOptions } from "@cramkit/errors";
import { checkNonNegative, checkPhases, checkPositive, checkShare } from "./check.ts";
import { clamp, cosineFall } from "./clamp.ts";
import type { Schedule } from "./types.ts";

export interface DecayOptions {
  /**
   * The first part of the run, in [0, 1), over which the multiplier rises in a line from 0 to 1.
   * @defaultValue `0`
   */
  warmup?: number;
  /**
   * The last multiplier.
   * @defaultValue `0`
   */
  end?: number;
}

/** Warm-up, then `end + (1 - end) fall(p)` with p the part of what follows the warm-up. */
const warmThen = (where: string, { warmup = 0, end = 0 }: DecayOptions, fall: (p: number) => number): Schedule => {
  checkShare(where, "warmup", warmup);
  checkNonNegative(where, "end", end);
  return clamp((t) => {
    if (t < warmup) return t / warmup;
    return end + (1 - end) * fall(Math.min(1, (t - warmup) / (1 - warmup)));
  });
};

/** `t / W`, then `(1 - t) / (1 - W)`. */
export const linear = (options: DecayOptions = {}): Schedule => {
  checkOptions("linear", options, { warmup: true, end: true });
  return warmThen("linear", options, (p) => 1 - p);
};

export interface PolynomialOptions extends DecayOptions {
  /** @defaultValue `1` */
  power?: number;
}

/**
 * `t / W`, then `end + (1 - end) (1 - p)^power`. The original BERT decays in a line to an absolute rate of 1e-7:
 * `polynomial({ end: 1e-7 / learningRate })`.
 */
export const polynomial = (options: PolynomialOptions = {}): Schedule => {
  checkOptions("polynomial", options, { power: true, warmup: true, end: true });
  const { power = 1 } = options;
  checkPositive("polynomial", "power", power);
  return warmThen("polynomial", options, (p) => (1 - p) ** power);
};

/** `t / W`, then `(1 + cos(pi p)) / 2`. */
export const cosine = (options: DecayOptions = {}): Schedule => {
  checkOptions("cosine", options, { warmup: true, end: true });
  return warmThen("cosine", options, cosineFall);
};

export interface RestartOptions extends DecayOptions {
  /** @defaultValue `4` */
  cycles?: number;
}

/** Cosine with hard restarts: `(1 + cos(pi (cycles p mod 1))) / 2`, and `end` at the end. */
export const cosineAnnealing = (options: RestartOptions = {}): Schedule => {
  checkOptions("cosineAnnealing", options, { cycles: true, warmup: true, end: true });
  const { cycles = 4 } = options;
  checkPositive("cosineAnnealing", "cycles", cycles);
  return warmThen("cosineAnnealing", options, (p) => (p >= 1 ? 0 : cosineFall((cycles * p) % 1)));
};

export interface PhaseOptions {
  /**
   * The first part of the run over which the multiplier rises in a line from 0.
   * @defaultValue `0`, but `0.06` for `inverseSqrt`
   */
  warmup?: number;
  /**
   * The last part of the run over which it falls in a line to 0.
   * @defaultValue `0`
   */
  cooldown?: number;
}

/** `t / W`, then `sqrt(W / t)`, then over the last C in a line to 0. Without cool-down it goes on beyond 1. */
export const inverseSqrt = (options: PhaseOptions = {}): Schedule => {
  checkOptions("inverseSqrt", options, { warmup: true, cooldown: true });
  const { warmup = 0.06, cooldown = 0 } = options;
  checkPhases("inverseSqrt", warmup, cooldown);
  checkPositive("inverseSqrt", "warmup", warmup);
  const rootOf = (t: number) => (t < warmup ? t / warmup : Math.sqrt(warmup / t));
  return clamp((t) => (cooldown > 0 && t > 1 - cooldown ? (rootOf(1 - cooldown) * (1 - t)) / cooldown : rootOf(t)));
};
