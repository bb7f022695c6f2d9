import { add, mean, mul, reshape, rsqrt, square, sub, sum, type Tensor } from "@tensorflow/tfjs-core";
import { asRows, rowCount } from "../rows.ts";

/** [y, mean of each row, 1 / sqrt(variance + epsilon) of each row] */
export const layerNormReference = (
  x: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  epsilon: number,
): [Tensor, Tensor, Tensor] => {
  const rows = asRows(x);
  const mu = mean(rows, 1, true); // [rows, 1]
  const centered = sub(rows, mu);
  const rstd = rsqrt(add(mean(square(centered), 1, true), epsilon));
  const scaled = mul(mul(centered, rstd), weight);
  const y = reshape(bias ? add(scaled, bias) : scaled, x.shape);
  return [y, reshape(mu, [rowCount(x)]), reshape(rstd, [rowCount(x)])];
};

/**
 * With xhat = (x - mean) rstd and g = dy weight:
 * dx = rstd (g - mean(g) - xhat mean(g xhat)), dweight = sum of dy xhat over the rows, dbias = sum of dy over the rows.
 */
export const layerNormGradReference = (
  dy: Tensor,
  x: Tensor,
  weight: Tensor,
  mu: Tensor,
  rstd: Tensor,
): [Tensor, Tensor, Tensor] => {
  const column = [rowCount(x), 1];
  const scale = reshape(rstd, column);
  const xhat = mul(sub(asRows(x), reshape(mu, column)), scale);
  const dyRows = asRows(dy);
  const g = mul(dyRows, weight);
  const inner = sub(sub(g, mean(g, 1, true)), mul(xhat, mean(mul(g, xhat), 1, true)));
  return [reshape(mul(scale, inner), x.shape), sum(mul(dyRows, xhat), 0), sum(dyRows, 0)];
};
