import { fault } from "@cramkit/errors";
import type { Evaluate, MeasuredGradients, TensorMap } from "../contracts.ts";

/** For optimizers that cannot do without more gradients. */
export const requireEvaluate = (where: string, evaluate: Evaluate | undefined): Evaluate => {
  if (evaluate) return evaluate;
  throw fault({
    code: "invalid-argument",
    place: where,
    problem: "expected gradients as { grads, evaluate }, got gradients alone",
    remedy:
      "have the gradient function return evaluate(params), which gives the gradients of the same microbatch at other parameters",
    type: TypeError,
  });
};

/**
 * Gradients of a whole batch, with the `evaluate` of its last microbatch. A batch of one is marked, too: an optimizer that
 * cannot work so is to say it in the first step, not when the batch has grown.
 */
export const ofLastMicrobatch = (
  grads: TensorMap,
  evaluate: Evaluate | undefined,
  targets?: number,
): MeasuredGradients => ({
  grads,
  ...(targets !== undefined && { targets }),
  ...(evaluate && { evaluate, accumulated: true }),
});
