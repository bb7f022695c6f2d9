/** Student's t for a two-sided interval of 95 %, with 1 to 9 degrees of freedom (any table of statistics). */
const few = [12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.306, 2.2622] as const;

/** The same of the normal distribution. */
const z = 1.959964;

/**
 * How many standard errors a two-sided interval of 95 % reaches to each side of a mean, with so many degrees of freedom (one less
 * than there are values). From ten on by the series in 1 / degrees, right to 0.001 (Abramowitz and Stegun, 26.7.5).
 */
export const studentT = (degrees: number): number =>
  few[degrees - 1] ??
  z +
    (z ** 3 + z) / 4 / degrees +
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96 / degrees ** 2 +
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384 / degrees ** 3;
