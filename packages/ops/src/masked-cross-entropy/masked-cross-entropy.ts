import { engine, mul, scalar, type Tensor, zerosLike } from "@tensorflow/tfjs-core";
import { checkRange, checkTensor } from "../check.ts";
import { differentiable } from "../differentiable.ts";
import { fused } from "../dispatch.ts";
import { maskedCrossEntropyWithGrad } from "./gradient.ts";
import { maskedCrossEntropyReference } from "./reference.ts";

export interface MaskedCrossEntropyOptions {
  /**
   * Rows of logits that exist at a time.
   *
   * @defaultValue `0`: the kernel chooses
   */
  chunkRows?: number;
}

/**
 * Mean over the selected rows of log sum exp(logits) - logits[target], with logits = hidden[positions] weight^T + bias;
 * the full logits never exist. `hidden [rows, n]`, `weight [vocab, n]`, `bias [vocab]`, `positions [count]` and
 * `targets [count]` int32 -> scalar. No positions: 0, with zero gradients.
 * While a gradient is recorded, the gradients are computed along the way: each chunk of logits exists once.
 */
export const maskedCrossEntropy = (
  hidden: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  positions: Tensor,
  targets: Tensor,
  { chunkRows = 0 }: MaskedCrossEntropyOptions = {},
): Tensor => {
  checkTensor("maskedCrossEntropy", "weight", weight, ["vocab", "n"]);
  checkTensor("maskedCrossEntropy", "hidden", hidden, ["rows", weight.shape[1]!]);
  if (bias) checkTensor("maskedCrossEntropy", "bias", bias, [weight.shape[0]!]);
  checkTensor("maskedCrossEntropy", "positions", positions, ["count"], "int32");
  checkTensor("maskedCrossEntropy", "targets", targets, [positions.shape[0]!], "int32");
  checkRange(
    "maskedCrossEntropy",
    "chunkRows to be an integer >= 0",
    chunkRows,
    Number.isInteger(chunkRows) && chunkRows >= 0,
  );

  const recorded = engine().isTapeOn();
  const differentiated = bias ? [hidden, weight, bias] : [hidden, weight];
  return differentiable(
    differentiated,
    (save) => {
      if (positions.size === 0 || hidden.size === 0) {
        save(...differentiated.map((x) => zerosLike(x)));
        return scalar(0);
      }
      const inputs = { hidden, weight, bias, positions, targets };
      if (!recorded) {
        return fused("CramkitMaskedCrossEntropy", inputs, { chunkRows }, () =>
          maskedCrossEntropyReference(inputs, chunkRows),
        );
      }
      const [loss, ...gradients] = maskedCrossEntropyWithGrad(inputs, chunkRows);
      save(...gradients.slice(0, differentiated.length));
      return loss!;
    },
    (dy, gradients) => gradients.map((x) => fused("CramkitScale", { x, factor: dy }, {}, () => mul(x, dy))),
  );
};
