import { add, broadcastTo, type Tensor, zeros, zerosLike } from "@tensorflow/tfjs-core";
import { checkRange, checkTensor } from "../check.ts";
import { differentiable } from "../differentiable.ts";
import { fused, fusedMany } from "../dispatch.ts";
import { type GluActivation, gluActivations } from "../glu/reference.ts";
import { linearGradBias, linearGradInput, linearGradWeight } from "../linear/gradient.ts";
import { linearReference } from "../linear/reference.ts";
import { linearGluGradReference, linearGluReference } from "./reference.ts";

/** A weight `[out, in]` and a bias `[out]` of a linear layer. */
export interface LinearParameters {
  weight: Tensor;
  /** @defaultValue none */
  bias?: Tensor;
}

export interface GatedFeedForwardOptions {
  /** `[2n, in]`: its rows are those of u, then those of g. */
  inner: LinearParameters;
  /** `[out, n]` */
  outer: LinearParameters;
  activation: GluActivation;
}

/**
 * A feed-forward layer with a gate: y = (f(g) u) W_outer^T + b_outer, with [u, g] = x W_inner^T + b_inner. `x [..., in]` ->
 * `[..., out]`. The same as `linear`, `glu` and `linear`, of which backends that can compute the gate where the products end.
 */
export const gatedFeedForward = (x: Tensor, { inner, outer, activation }: GatedFeedForwardOptions): Tensor => {
  const op = "gatedFeedForward";
  checkRange(op, `activation in ${gluActivations.join(", ")}`, activation, gluActivations.includes(activation));
  checkTensor(op, "inner.weight", inner.weight, ["2n", "in"]);
  const [rows, width] = inner.weight.shape as [number, number];
  checkRange(op, "an even number of rows of inner.weight", rows, rows % 2 === 0);
  checkTensor(op, "x", x, ["...", width]);
  checkTensor(op, "outer.weight", outer.weight, ["out", rows / 2]);
  if (inner.bias) checkTensor(op, "inner.bias", inner.bias, [rows]);
  if (outer.bias) checkTensor(op, "outer.bias", outer.bias, [outer.weight.shape[0]!]);
  const biases = [inner.bias, outer.bias].filter((bias) => bias !== undefined);
  const outputs = outer.weight.shape[0]!;
  if (x.size === 0 || rows === 0 || outputs === 0) return ofNothing(x, { inner, outer, activation });
  return differentiable(
    [x, inner.weight, outer.weight, ...biases],
    (save) => {
      const [hidden, gated] = fusedMany<[hidden: Tensor, gated: Tensor]>(
        "CramkitLinearGlu",
        { x, weight: inner.weight, bias: inner.bias },
        { activation },
        () => linearGluReference(x, inner.weight, inner.bias, activation),
      );
      save(x, inner.weight, outer.weight, hidden, gated);
      return fused("CramkitLinear", { x: gated, weight: outer.weight, bias: outer.bias }, {}, () =>
        linearReference(gated, outer.weight, outer.bias),
      );
    },
    (dy, saved) => {
      const [x, innerWeight, outerWeight, hidden, gated] = saved as [Tensor, Tensor, Tensor, Tensor, Tensor];
      const dhidden = fused("CramkitLinearGluGrad", { dy, weight: outerWeight, inner: hidden }, { activation }, () =>
        linearGluGradReference(dy, outerWeight, hidden, activation),
      );
      return [
        linearGradInput(dhidden, innerWeight),
        linearGradWeight(dhidden, x),
        linearGradWeight(dy, gated),
        ...(inner.bias ? [linearGradBias(dhidden)] : []),
        ...(outer.bias ? [linearGradBias(dy)] : []),
      ];
    },
  );
};

/** No rows, or layers without values: what is left is the outer bias. */
const ofNothing = (x: Tensor, { inner, outer }: GatedFeedForwardOptions): Tensor => {
  const shape = [...x.shape.slice(0, -1), outer.weight.shape[0]!];
  const inputs = [x, inner.weight, outer.weight, ...(inner.bias ? [inner.bias] : [])];
  return differentiable(
    [...inputs, ...(outer.bias ? [outer.bias] : [])],
    (save) => {
      save(...inputs);
      return outer.bias ? add(zeros(shape), broadcastTo(outer.bias, shape)) : zeros(shape);
    },
    (dy, saved) => [...saved.map((input) => zerosLike(input)), ...(outer.bias ? [linearGradBias(dy)] : [])],
  );
};
