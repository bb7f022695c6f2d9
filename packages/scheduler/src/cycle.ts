import { checkOptions } from "@cramkit/errors";
import { checkCount, checkPositiveShare, checkShare } from "./check.ts";
import { clamp, cosineFall } from "./clamp.ts";
import { decayBranch } from "./plateau.ts";
import type { Schedule } from "./types.ts";

/**
 * Up in a line until `peak`, down in a line to 0: with the default `2 t`, then `2 - 2 t`. The one-cycle schedules of PyTorch
 * and optax start at 1/25 and by default follow half cosines: the README has them as a `join`.
 */
export const oneCycle = (
  options: {
    /** @defaultValue `0.5` */
    peak?: number;
  } = {},
): Schedule => {
  checkOptions("oneCycle", options, { peak: true });
  const { peak = 0.5 } = options;
  checkPositiveShare("oneCycle", "peak", peak);
  checkShare("oneCycle", "peak", peak);
  return clamp((t) => Math.min(t / peak, (1 - t) / (1 - peak)));
};

/** Triangles from 0 to 1 and back, `cycles` of them in a run. */
export const multiCycle = (
  options: {
    /** @defaultValue `8` */
    cycles?: number;
  } = {},
): Schedule => {
  checkOptions("multiCycle", options, { cycles: true });
  const { cycles = 8 } = options;
  checkCount("multiCycle", "cycles", cycles);
  return clamp((t) => {
    const p = t >= 1 ? 1 : (t * cycles) % 1;
    return Math.min(2 * p, 2 - 2 * p);
  });
};

/**
 * Rises along a half cosine, `(1 + cos(pi (1 - t))) / 2`, then falls from there to 0 over the cool-down: a curve to compare
 * with, not one to train well with.
 */
export const inverseCosine = (
  options: {
    /** @defaultValue `0` */
    cooldown?: number;
  } = {},
): Schedule => {
  checkOptions("inverseCosine", options, { cooldown: true });
  const { cooldown = 0 } = options;
  checkShare("inverseCosine", "cooldown", cooldown);
  const rise = clamp((t) => cosineFall(1 - Math.min(1, t)));
  return cooldown > 0 ? decayBranch(rise, { from: 1 - cooldown, length: cooldown }) : rise;
};
