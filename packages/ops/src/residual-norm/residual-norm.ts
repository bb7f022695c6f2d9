import { clone, type Tensor, zeros, zerosLike } from "@tensorflow/tfjs-core";
import { checkRange, checkTensor, printShape } from "../check.ts";
import { differentiable, differentiableMany } from "../differentiable.ts";
import { fusedMany } from "../dispatch.ts";
import { checkDropout, type DropoutOptions } from "../dropout/dropout.ts";
import { rowCount } from "../rows.ts";
import { type ResidualNormKind, residualNormGradReference, residualNormReference } from "./reference.ts";

export type { ResidualNormKind } from "./reference.ts";

export interface ResidualNormOptions {
  /** `layer`, or `rms`, which has no mean and no bias. */
  kind: ResidualNormKind;
  epsilon: number;
  /**
   * Of the branch.
   *
   * @defaultValue none
   */
  dropout?: DropoutOptions;
}

/**
 * What follows a branch of a residual connection: sum = x + dropout(branch), normed = the norm of the sum over the last axis
 * (as `layerNorm` and `rmsNorm` compute it). `x`, `branch [..., n]`, `weight [n]`, `bias [n]` -> two of `[..., n]`, both of
 * which are to be read.
 */
export const residualNorm = (
  x: Tensor,
  branch: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  options: ResidualNormOptions,
): { sum: Tensor; normed: Tensor } => {
  const { forward, inputs, gradient } = prepared("residualNorm", x, branch, weight, bias, options);
  const [sum, normed] = differentiableMany(
    inputs,
    (save) => {
      const [sum, y, stats] = forward();
      save(sum, stats);
      return [sum, y];
    },
    ([dsum, dy], [sum, stats]) => gradient(dsum, dy!, sum!, stats!),
  );
  return { sum: sum!, normed: normed! };
};

/** The same for a sum that nothing else reads: the norm of x + dropout(branch). */
export const normOfSum = (
  x: Tensor,
  branch: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  options: ResidualNormOptions,
): Tensor => {
  const { forward, inputs, gradient } = prepared("normOfSum", x, branch, weight, bias, options);
  return differentiable(
    inputs,
    (save) => {
      const [sum, y, stats] = forward();
      save(sum, stats);
      return y;
    },
    (dy, [sum, stats]) => gradient(undefined, dy, sum!, stats!),
  );
};

/** What both have in common. */
const prepared = (
  op: string,
  x: Tensor,
  branch: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  { kind, epsilon, dropout: wanted }: ResidualNormOptions,
) => {
  checkTensor(op, "weight", weight, ["n"]);
  checkTensor(op, "x", x, ["...", weight.shape[0]!]);
  checkTensor(op, "branch", branch, ["...", weight.shape[0]!]);
  checkRange(op, `branch ${printShape(x.shape)}`, printShape(branch.shape), `${x.shape}` === `${branch.shape}`);
  checkRange(op, "kind layer or rms", kind, kind === "layer" || kind === "rms");
  if (bias) checkTensor(op, "bias", bias, [weight.shape[0]!]);
  checkRange(op, "no bias for an RMS norm", "one", kind === "layer" || !bias);
  checkRange(op, "epsilon >= 0", epsilon, epsilon >= 0);
  if (wanted) checkDropout(op, wanted);
  const dropout = wanted && wanted.rate > 0 ? wanted : undefined;
  const { rate, key } = dropout ?? { rate: 0, key: [0, 0] as const };
  const mask = { rate, key0: key[0], key1: key[1] };
  return {
    inputs: [x, branch, weight, ...(bias ? [bias] : [])],
    forward: (): [sum: Tensor, normed: Tensor, stats: Tensor] =>
      x.size === 0
        ? [clone(x), zerosLike(x), zeros([2, rowCount(x)])]
        : fusedMany("CramkitResidualNorm", { x, branch, weight, bias }, { kind, epsilon, ...mask }, () =>
            residualNormReference(x, branch, weight, bias, { kind, epsilon, dropout }),
          ),
    gradient: (dsum: Tensor | undefined, dy: Tensor, sum: Tensor, stats: Tensor): Tensor[] => {
      if (x.size === 0) return [zerosLike(x), zerosLike(x), zerosLike(weight), ...(bias ? [zerosLike(weight)] : [])];
      const [dx, dweight, ...rest] = fusedMany<Tensor[]>(
        "CramkitResidualNormGrad",
        { dsum, dy, sum, weight, stats },
        { kind, ...mask },
        () => residualNormGradReference(dsum, dy, sum, weight, stats, { kind, dropout }),
      );
      const dbias = kind === "layer" ? rest.shift() : undefined;
      return [dx!, rest[0] ?? clone(dx!), dweight!, ...(bias ? [dbias!] : [])];
    },
  };
};
