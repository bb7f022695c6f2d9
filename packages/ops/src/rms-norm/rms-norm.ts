import { type Tensor, zeros, zerosLike } from "@tensorflow/tfjs-core";
import { checkRange, checkTensor } from "../check.ts";
import { differentiable } from "../differentiable.ts";
import { fusedMany } from "../dispatch.ts";
import { rowCount } from "../rows.ts";
import { rmsNormGrad } from "./gradient.ts";
import { rmsNormReference } from "./reference.ts";

/** y = x / sqrt(mean(x^2) + epsilon) * weight over the last axis. `x [..., n]`, `weight [n]` -> `[..., n]`. */
export const rmsNorm = (x: Tensor, weight: Tensor, epsilon: number): Tensor => {
  checkTensor("rmsNorm", "weight", weight, ["n"]);
  checkTensor("rmsNorm", "x", x, ["...", weight.shape[0]!]);
  checkRange("rmsNorm", "epsilon >= 0", epsilon, epsilon >= 0);
  return differentiable(
    [x, weight],
    (save) => {
      const [y, rstd] = rmsNormForward(x, weight, epsilon);
      save(x, weight, rstd);
      return y;
    },
    (dy, saved) => rmsNormGrad(dy, ...(saved as [Tensor, Tensor, Tensor])),
  );
};

const rmsNormForward = (x: Tensor, weight: Tensor, epsilon: number) =>
  x.size === 0
    ? ([zerosLike(x), zeros([rowCount(x)])] as const)
    : fusedMany<[y: Tensor, rstd: Tensor]>("CramkitRmsNorm", { x, weight }, { epsilon }, () =>
        rmsNormReference(x, weight, epsilon),
      );
