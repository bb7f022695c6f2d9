import { type Tensor, zerosLike } from "@tensorflow/tfjs-core";
import { fusedMany } from "../dispatch.ts";
import { rmsNormGradReference } from "./reference.ts";

/** `dy, x [..., n]`, `weight [n]`, `rstd [rows]` -> [dx `[..., n]`, dweight `[n]`]. */
export const rmsNormGrad = (dy: Tensor, x: Tensor, weight: Tensor, rstd: Tensor): [Tensor, Tensor] =>
  x.size === 0
    ? [zerosLike(x), zerosLike(weight)]
    : fusedMany("CramkitRmsNormGrad", { dy, x, weight, rstd }, {}, () => rmsNormGradReference(dy, x, weight, rstd));
