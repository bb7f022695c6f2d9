import { add, erf, exp, mul, square, type Tensor } from "@tensorflow/tfjs-core";

/** Phi(x) = (1 + erf(x / sqrt 2)) / 2, the distribution function of the standard normal. */
const normalCdf = (x: Tensor): Tensor => mul(add(erf(mul(x, Math.SQRT1_2)), 1), 0.5);

/** x Phi(x) */
export const geluReference = (x: Tensor): Tensor => mul(x, normalCdf(x));

/** Phi(x) + x phi(x), with phi the standard normal density */
export const geluDerivative = (x: Tensor): Tensor =>
  add(normalCdf(x), mul(mul(x, exp(mul(square(x), -0.5))), 1 / Math.sqrt(2 * Math.PI)));
