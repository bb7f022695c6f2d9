import type { Evaluate } from "./types.ts";

/** For optimizers that cannot do without more gradients. */
export const requireEvaluate = (where: string, evaluate: Evaluate | undefined): Evaluate => {
  if (evaluate) return evaluate;
  throw new TypeError(
    `${where}: expected gradients as { grads, evaluate }, got gradients alone; have the gradient function return evaluate(params), which gives the gradients of the same microbatch at other parameters`,
  );
};
