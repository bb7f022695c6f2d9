import { type Tensor, zeros, zerosLike } from "@tensorflow/tfjs-core";
import { checkRange, checkTensor } from "../check.ts";
import { differentiable } from "../differentiable.ts";
import { fusedMany } from "../dispatch.ts";
import { rowCount } from "../rows.ts";
import { layerNormGrad } from "./gradient.ts";
import { layerNormReference } from "./reference.ts";

/**
 * y = (x - mean) / sqrt(variance + epsilon) * weight + bias over the last axis, with the biased variance.
 * `x [..., n]`, `weight [n]`, `bias [n]` -> `[..., n]`.
 */
export const layerNorm = (x: Tensor, weight: Tensor, bias: Tensor | undefined, epsilon: number): Tensor => {
  checkTensor("layerNorm", "weight", weight, ["n"]);
  checkTensor("layerNorm", "x", x, ["...", weight.shape[0]!]);
  if (bias) checkTensor("layerNorm", "bias", bias, [weight.shape[0]!]);
  checkRange("layerNorm", "epsilon >= 0", epsilon, epsilon >= 0);
  return differentiable(
    bias ? [x, weight, bias] : [x, weight],
    (save) => {
      const [y, mean, rstd] = layerNormForward(x, weight, bias, epsilon);
      save(x, weight, mean, rstd);
      return y;
    },
    (dy, saved) => {
      const [x, weight, mean, rstd] = saved as [Tensor, Tensor, Tensor, Tensor];
      const [dx, dweight, dbias] = layerNormGrad(dy, x, weight, mean, rstd);
      return bias ? [dx, dweight, dbias] : [dx, dweight];
    },
  );
};

const layerNormForward = (x: Tensor, weight: Tensor, bias: Tensor | undefined, epsilon: number) =>
  x.size === 0
    ? ([zerosLike(x), zeros([rowCount(x)]), zeros([rowCount(x)])] as const)
    : fusedMany<[y: Tensor, mean: Tensor, rstd: Tensor]>("CramkitLayerNorm", { x, weight, bias }, { epsilon }, () =>
        layerNormReference(x, weight, bias, epsilon),
      );
