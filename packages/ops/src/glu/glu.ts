import { type Tensor, zeros } from "@tensorflow/tfjs-core";
import { checkRange, checkTensor } from "../check.ts";
import { differentiable } from "../differentiable.ts";
import { fused } from "../dispatch.ts";
import { lastAxis } from "../rows.ts";
import { gluGrad } from "./gradient.ts";
import { type GluActivation, gluActivations, gluReference } from "./reference.ts";

export type { GluActivation } from "./reference.ts";

/**
 * Gated linear unit: with x = [u, g] along the last axis, y = f(g) u. `x [..., 2n]` -> `[..., n]`.
 * f: `gelu` (exact), `relu`, `silu` g sigmoid(g), `mish` g tanh(softplus(g)).
 */
export const glu = (x: Tensor, activation: GluActivation): Tensor => {
  checkRange("glu", `activation in ${gluActivations.join(", ")}`, activation, gluActivations.includes(activation));
  checkTensor("glu", "x", x, ["...", "2n"]);
  checkRange("glu", "an even last axis", lastAxis(x), lastAxis(x) % 2 === 0);
  return differentiable(
    [x],
    (save) => {
      save(x);
      if (x.size === 0) return zeros([...x.shape.slice(0, -1), lastAxis(x) / 2]);
      return fused("CramkitGlu", { x }, { activation }, () => gluReference(x, activation));
    },
    (dy, [x]) => [gluGrad(dy, x!, activation)],
  );
};
