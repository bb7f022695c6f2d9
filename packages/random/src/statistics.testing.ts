/**
 * Test statistics that are near standard normal for random input, so that one limit and one false-positive rate serve every
 * test: |z| < 5 fails a good generator once in 1.7 million tests, |z| < 6 once in 500 million.
 */
export const limit = 5;

/** Chi-square of the counts against equal expectations, as a normal deviate (Wilson and Hilferty). */
export const chiSquareZ = (counts: ArrayLike<number>, shares?: ArrayLike<number>): number => {
  let total = 0;
  for (let i = 0; i < counts.length; i++) total += counts[i]!;
  let chiSquare = 0;
  for (let i = 0; i < counts.length; i++) {
    const expected = total * (shares ? shares[i]! : 1 / counts.length);
    chiSquare += (counts[i]! - expected) ** 2 / expected;
  }
  const freedom = counts.length - 1;
  return (Math.cbrt(chiSquare / freedom) - (1 - 2 / (9 * freedom))) / Math.sqrt(2 / (9 * freedom));
};

/** Of `hits` among `trials` of probability `p`. */
export const binomialZ = (hits: number, trials: number, p = 0.5): number =>
  (hits - trials * p) / Math.sqrt(trials * p * (1 - p));

/** Of the correlation of two samples of the uniform distribution over [0, 1). */
export const correlationZ = (a: ArrayLike<number>, b: ArrayLike<number>, count: number): number => {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += (a[i]! - 0.5) * (b[i]! - 0.5);
  return (12 * sum) / Math.sqrt(count);
};

/** The number of bits that are set. */
export const ones = (word: number): number => {
  let count = 0;
  for (let rest = word; rest !== 0; rest &= rest - 1) count++;
  return count;
};
