import { fault } from "@cramkit/errors";
import { getGradient, type Scalar, type Tensor, valueAndGrads } from "@tensorflow/tfjs-core";
import type { Params } from "./init.ts";

/**
 * tfjs-core's `valueAndGrads` for a record of tensors: the scalar `f(params)` and its gradients under the names of the
 * parameters; with `dy`, a scalar, the gradients of `dy` times `f`. Borrows the parameters, the caller disposes of the rest.
 */
export const valueAndNamedGrads = (
  params: Readonly<Params>,
  f: (params: Params) => Tensor,
  dy?: Tensor,
): { value: Scalar; grads: Params } => {
  if (getGradient("Add") === undefined) {
    throw fault({
      code: "invalid-argument",
      place: "valueAndNamedGrads",
      problem: "expected tfjs-core's gradients, got none, as its Node build leaves them out",
      remedy: "call registerGradients() of @cramkit/ops first",
    });
  }
  const names = Object.keys(params);
  const named = (tensors: Tensor[]) => Object.fromEntries(names.map((name, index) => [name, tensors[index]!]));
  const differentiated = valueAndGrads((...tensors: Tensor[]) => f(named(tensors)) as Scalar);
  const { value, grads } = differentiated(Object.values(params), dy as Scalar | undefined);
  return { value: value as Scalar, grads: named(grads) };
};
