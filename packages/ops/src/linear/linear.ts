import { add, broadcastTo, type Tensor, zeros } from "@tensorflow/tfjs-core";
import { checkTensor } from "../check.ts";
import { differentiable } from "../differentiable.ts";
import { fused } from "../dispatch.ts";
import { linearGradBias, linearGradInput, linearGradWeight } from "./gradient.ts";
import { linearReference } from "./reference.ts";

/**
 * y = x W^T + b. `x [..., in]`, `weight [out, in]`, `bias [out]` -> `[..., out]`.
 * Gradients: dx = dy W, dW = dy^T x, db = the sum of dy over its rows.
 */
export const linear = (x: Tensor, weight: Tensor, bias?: Tensor): Tensor => {
  checkTensor("linear", "weight", weight, ["out", "in"]);
  checkTensor("linear", "x", x, ["...", weight.shape[1]!]);
  if (bias) checkTensor("linear", "bias", bias, [weight.shape[0]!]);
  return differentiable(
    bias ? [x, weight, bias] : [x, weight],
    (save) => {
      save(x, weight);
      return linearForward(x, weight, bias);
    },
    (dy, [x, weight]) => {
      const gradients = [linearGradInput(dy, weight!), linearGradWeight(dy, x!)];
      return bias ? [...gradients, linearGradBias(dy)] : gradients;
    },
  );
};

const linearForward = (x: Tensor, weight: Tensor, bias?: Tensor): Tensor => {
  if (x.size > 0 && weight.size > 0) {
    return fused("CramkitLinear", { x, weight, bias }, {}, () => linearReference(x, weight, bias));
  }
  const shape = [...x.shape.slice(0, -1), weight.shape[0]!];
  return bias ? add(zeros(shape), broadcastTo(bias, shape)) : zeros(shape);
};
