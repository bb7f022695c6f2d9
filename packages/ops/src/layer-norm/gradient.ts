import { type Tensor, zerosLike } from "@tensorflow/tfjs-core";
import { fusedMany } from "../dispatch.ts";
import { layerNormGradReference } from "./reference.ts";

/** `dy, x [..., n]`, `weight [n]`, `mean, rstd [rows]` -> [dx `[..., n]`, dweight `[n]`, dbias `[n]`]. */
export const layerNormGrad = (
  dy: Tensor,
  x: Tensor,
  weight: Tensor,
  mean: Tensor,
  rstd: Tensor,
): [Tensor, Tensor, Tensor] =>
  x.size === 0
    ? [zerosLike(x), zerosLike(weight), zerosLike(weight)]
    : fusedMany("CramkitLayerNormGrad", { dy, x, weight, mean, rstd }, {}, () =>
        layerNormGradReference(dy, x, weight, mean, rstd),
      );
