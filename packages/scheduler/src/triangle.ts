import { checkOptions } from "@cramkit/errors";
import { checkPositiveShare, checkShare } from "./check.ts";
import { clamp } from "./clamp.ts";
import type { Schedule } from "./types.ts";

export interface TriangleOptions {
  /**
   * The multiplier at the start, in [0, 1).
   * @defaultValue `0.25`
   */
  base?: number;
  /**
   * The last part of the run, in (0, 1), over which the multiplier falls from 1 to 0.
   * @defaultValue `0.25`
   */
  fall?: number;
}

/**
 * Rises in a line from `base` to 1, then falls in a line to 0: `min(b + t (1 - b) / (1 - f), (1 - t) / f)`.
 * The defaults are the study's final schedule: `min(1/4 + t, 4 (1 - t))`.
 */
export const triangle = (options: TriangleOptions = {}): Schedule => {
  checkOptions("triangle", options, { base: true, fall: true });
  const { base = 0.25, fall = 0.25 } = options;
  checkShare("triangle", "base", base);
  checkPositiveShare("triangle", "fall", fall);
  checkShare("triangle", "fall", fall);
  return clamp((t) => Math.min(base + (t * (1 - base)) / (1 - fall), (1 - t) / fall));
};

/** The study's default, `budget-triangle2`: a quarter of the peak at the start, the peak at 3/4, zero at the end. */
export const triangle2 = (): Schedule => triangle();

/** `budget-triangle1`: half of the peak at the start, the peak at 3/4, zero at the end. */
export const triangle1 = (): Schedule => triangle({ base: 0.5 });
