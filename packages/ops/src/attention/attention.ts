import { type Tensor, zeros } from "@tensorflow/tfjs-core";
import { checkRange, checkTensor, printShape } from "../check.ts";
import { differentiable } from "../differentiable.ts";
import { fusedMany } from "../dispatch.ts";
import { checkDropout, type DropoutOptions } from "../dropout/dropout.ts";
import { dropoutRow } from "../dropout-mask.ts";
import { attentionGrad } from "./gradient.ts";
import { type AttentionAttrs, attentionReference } from "./reference.ts";

export interface AttentionOptions {
  /** Must divide the hidden size. */
  heads: number;
  /**
   * `[batch, seq]`, 1 if a key may be attended to, 0 if not.
   *
   * @defaultValue every key may be attended to
   */
  mask?: Tensor;
  /**
   * How many positions to each side a query sees beside its own. The CPU backend has a kernel of its own for it, which
   * computes what is near alone; elsewhere all scores are in memory.
   *
   * @defaultValue every position is seen
   */
  reach?: number;
  /**
   * Dropout of the attention probabilities.
   *
   * @defaultValue none
   */
  dropout?: DropoutOptions;
}

/**
 * Bidirectional self-attention, per head softmax(Q K^T / sqrt(headDim)) V, with an exact softmax.
 * `qkv [batch, seq, 3 * hidden]`, its last axis grouped `[heads, 3, headDim]` -> `[batch, seq, hidden]`.
 * A row that may attend to nothing yields zeros.
 */
export const attention = (qkv: Tensor, { heads, mask, reach, dropout }: AttentionOptions): Tensor => {
  checkTensor("attention", "qkv", qkv, ["batch", "seq", "3 * hidden"]);
  const [batch, seq, width] = qkv.shape as [number, number, number];
  checkRange("attention", "heads to be a positive integer", heads, Number.isInteger(heads) && heads > 0);
  const divides = width % (3 * heads) === 0;
  checkRange(
    "attention",
    `qkv ${printShape(["batch", "seq", "3 * heads * headDim"])} with heads ${heads}`,
    printShape(qkv.shape),
    divides,
  );
  if (mask) checkTensor("attention", "mask", mask, [batch, seq]);
  if (reach !== undefined)
    checkRange("attention", "reach to be a positive integer", reach, Number.isInteger(reach) && reach > 0);
  if (dropout) checkDropout("attention", dropout);
  if (dropout) checkRange("attention", `seq up to ${dropoutRow / 4} with dropout`, seq, seq <= dropoutRow / 4);
  const { rate, key } = dropout ?? { rate: 0, key: [0, 0] };
  // A row in which everything is near has the kernel that every backend has.
  const isLocal = reach !== undefined && reach < seq - 1;
  const attrs = { heads, rate, key0: key[0], key1: key[1], reach: isLocal ? reach : 0 };
  return differentiable(
    [qkv],
    (save) => {
      const [y, lse] = attentionForward(qkv, mask, attrs);
      save(qkv, y, lse, ...(mask ? [mask] : []));
      return y;
    },
    (dy, saved) => {
      const [qkv, y, lse, mask] = saved as [Tensor, Tensor, Tensor, Tensor?];
      return [attentionGrad(dy, qkv, y, lse, mask, attrs)];
    },
  );
};

const attentionForward = (qkv: Tensor, mask: Tensor | undefined, attrs: AttentionAttrs) => {
  const [batch, seq, width] = qkv.shape as [number, number, number];
  return qkv.size === 0
    ? ([zeros([batch, seq, width / 3]), zeros([batch, attrs.heads, seq])] as const)
    : fusedMany<[y: Tensor, lse: Tensor]>(
        `Cramkit${attrs.reach === 0 ? "" : "Local"}Attention`,
        { qkv, mask },
        { ...attrs },
        () => attentionReference(qkv, mask, attrs),
      );
};
