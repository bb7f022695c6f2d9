import { type Tensor, zerosLike } from "@tensorflow/tfjs-core";
import { fused } from "../dispatch.ts";
import { type GluActivation, gluGradReference } from "./reference.ts";

/** `dy [..., n]`, `x [..., 2n]` -> dx `[..., 2n]`. */
export const gluGrad = (dy: Tensor, x: Tensor, activation: GluActivation): Tensor =>
  x.size === 0
    ? zerosLike(x)
    : fused("CramkitGluGrad", { dy, x }, { activation }, () => gluGradReference(dy, x, activation));
