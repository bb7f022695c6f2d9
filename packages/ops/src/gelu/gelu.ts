import { type Tensor, zerosLike } from "@tensorflow/tfjs-core";
import { checkTensor } from "../check.ts";
import { differentiable } from "../differentiable.ts";
import { fused } from "../dispatch.ts";
import { geluGrad } from "./gradient.ts";
import { geluReference } from "./reference.ts";

/** y = x (1 + erf(x / sqrt 2)) / 2, the exact GELU. Any shape. */
export const gelu = (x: Tensor): Tensor => {
  checkTensor("gelu", "x", x, ["..."]);
  return differentiable(
    [x],
    (save) => {
      save(x);
      return x.size === 0 ? zerosLike(x) : fused("CramkitGelu", { x }, {}, () => geluReference(x));
    },
    (dy, [x]) => [geluGrad(dy, x!)],
  );
};
