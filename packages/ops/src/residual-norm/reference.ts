import { add, stack, type Tensor, unstack, zeros } from "@tensorflow/tfjs-core";
import type { DropoutOptions } from "../dropout/dropout.ts";
import { dropoutReference } from "../dropout/reference.ts";
import { layerNormGradReference, layerNormReference } from "../layer-norm/reference.ts";
import { rmsNormGradReference, rmsNormReference } from "../rms-norm/reference.ts";
import { rowCount } from "../rows.ts";

export type ResidualNormKind = "layer" | "rms";

/** [sum, normed, stats `[2, rows]`: the mean of each row of the sum (0 for RMS norm) and its reciprocal deviation] */
export const residualNormReference = (
  x: Tensor,
  branch: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  {
    kind,
    epsilon,
    dropout,
  }: {
    kind: ResidualNormKind;
    epsilon: number;
    /** @defaultValue none */
    dropout?: DropoutOptions;
  },
): [Tensor, Tensor, Tensor] => {
  const total = add(x, dropout ? dropoutReference(branch, dropout.rate, dropout.key) : branch);
  if (kind === "layer") {
    const [y, mean, rstd] = layerNormReference(total, weight, bias, epsilon);
    return [total, y, stack([mean, rstd])];
  }
  const [y, rstd] = rmsNormReference(total, weight, epsilon);
  return [total, y, stack([zeros([rowCount(x)]), rstd])];
};

/**
 * dx = dsum + the gradient of the norm at the sum, dbranch = dx through the dropout: [dx, dweight, dbias for layer norm,
 * dbranch if there is a dropout].
 */
export const residualNormGradReference = (
  dsum: Tensor | undefined,
  dy: Tensor,
  total: Tensor,
  weight: Tensor,
  stats: Tensor,
  {
    kind,
    dropout,
  }: {
    kind: ResidualNormKind;
    /** @defaultValue none */
    dropout?: DropoutOptions;
  },
): Tensor[] => {
  const [mean, rstd] = unstack(stats) as [Tensor, Tensor];
  const [dnorm, ...parameters] =
    kind === "layer"
      ? layerNormGradReference(dy, total, weight, mean, rstd)
      : rmsNormGradReference(dy, total, weight, rstd);
  const dx = dsum ? add(dsum, dnorm!) : dnorm!;
  if (!dropout) return [dx, ...parameters];
  return [dx, ...parameters, dropoutReference(dx, dropout.rate, dropout.key)];
};
