import type { KnownOptions } from "@cramkit/errors";
import type { Rate } from "../contracts.ts";
import type { DecayOptions } from "../transforms/decay-and-rate.ts";
import type { AdamOptions } from "../transforms/scale-by-adam.ts";

export interface Common extends DecayOptions {
  /** Step size, a number or a schedule. @defaultValue the study's for this optimizer */
  learningRate?: Rate;
}

/** What several optimizers take, for the check of their options' names. */
export const commonOptions: KnownOptions<Common> = { learningRate: true, weightDecay: true, noDecay: true };

/** Of those that keep Adam's moments. */
export const adamOptions: KnownOptions<Common & AdamOptions> = {
  ...commonOptions,
  b1: true,
  b2: true,
  epsilon: true,
};
