import { mul, type Tensor, zerosLike } from "@tensorflow/tfjs-core";
import { fused } from "../dispatch.ts";
import { geluDerivative } from "./reference.ts";

/** dx = dy (Phi(x) + x phi(x)) */
export const geluGrad = (dy: Tensor, x: Tensor): Tensor =>
  x.size === 0 ? zerosLike(x) : fused("CramkitGeluGrad", { dy, x }, {}, () => mul(dy, geluDerivative(x)));
