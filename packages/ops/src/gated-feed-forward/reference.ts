import type { Tensor } from "@tensorflow/tfjs-core";
import { fused } from "../dispatch.ts";
import { gluGrad } from "../glu/gradient.ts";
import { type GluActivation, gluReference } from "../glu/reference.ts";
import { linearGradInput } from "../linear/gradient.ts";
import { linearReference } from "../linear/reference.ts";

/** [inner = x W^T + b, f(g) u of inner = [u, g]], by the kernels of a linear layer and of the gate if the backend has them. */
export const linearGluReference = (
  x: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  activation: GluActivation,
): [Tensor, Tensor] => {
  const inner = fused("CramkitLinear", { x, weight, bias }, {}, () => linearReference(x, weight, bias));
  return [inner, fused("CramkitGlu", { x: inner }, { activation }, () => gluReference(inner, activation))];
};

/** The gradient of inner, of dy W for the upstream gradient of the gate. */
export const linearGluGradReference = (dy: Tensor, weight: Tensor, inner: Tensor, activation: GluActivation): Tensor =>
  gluGrad(linearGradInput(dy, weight), inner, activation);
