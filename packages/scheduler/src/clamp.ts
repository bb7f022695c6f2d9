import type { Schedule } from "./types.ts";

/** No schedule goes below 0, before its start or after its end. */
export const clamp =
  (formula: (t: number) => number): Schedule =>
  (t) =>
    Math.max(0, formula(Math.max(0, t)));

export const cosineFall = (p: number): number => 0.5 * (1 + Math.cos(Math.PI * p));
