import { add, mean, mul, reshape, rsqrt, square, sub, sum, type Tensor } from "@tensorflow/tfjs-core";
import { asRows, rowCount } from "../rows.ts";

/** [y, 1 / sqrt(mean(x^2) + epsilon) of each row] */
export const rmsNormReference = (x: Tensor, weight: Tensor, epsilon: number): [Tensor, Tensor] => {
  const rows = asRows(x);
  const rstd = rsqrt(add(mean(square(rows), 1, true), epsilon)); // [rows, 1]
  return [reshape(mul(mul(rows, rstd), weight), x.shape), reshape(rstd, [rowCount(x)])];
};

/** With xhat = x rstd and g = dy weight: dx = rstd (g - xhat mean(g xhat)), dweight = sum of dy xhat over the rows. */
export const rmsNormGradReference = (dy: Tensor, x: Tensor, weight: Tensor, rstd: Tensor): [Tensor, Tensor] => {
  const scale = reshape(rstd, [rowCount(x), 1]);
  const xhat = mul(asRows(x), scale);
  const dyRows = asRows(dy);
  const g = mul(dyRows, weight);
  const dx = mul(scale, sub(g, mul(xhat, mean(mul(g, xhat), 1, true))));
  return [reshape(dx, x.shape), sum(mul(dyRows, xhat), 0)];
};
