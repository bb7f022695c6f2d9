import { type Tensor, zeros } from "@tensorflow/tfjs-core";
import { fused } from "../dispatch.ts";
import { lastAxis } from "../rows.ts";
import { linearGradBiasReference, linearGradInputReference, linearGradWeightReference } from "./reference.ts";

/** dx = dy W: `dy [..., out]`, `weight [out, in]` -> `[..., in]`. */
export const linearGradInput = (dy: Tensor, weight: Tensor): Tensor =>
  dy.size === 0 || weight.size === 0
    ? zeros([...dy.shape.slice(0, -1), weight.shape[1]!])
    : fused("CramkitLinearGradInput", { dy, weight }, {}, () => linearGradInputReference(dy, weight));

/** dW = dy^T x: `dy [..., out]`, `x [..., in]` -> `[out, in]`. */
export const linearGradWeight = (dy: Tensor, x: Tensor): Tensor =>
  dy.size === 0 || x.size === 0
    ? zeros([lastAxis(dy), lastAxis(x)])
    : fused("CramkitLinearGradWeight", { dy, x }, {}, () => linearGradWeightReference(dy, x));

/** db: `dy [..., out]` -> `[out]`. */
export const linearGradBias = (dy: Tensor): Tensor =>
  dy.size === 0 ? zeros([lastAxis(dy)]) : fused("CramkitLinearGradBias", { dy }, {}, () => linearGradBiasReference(dy));
