import * as tf from "@tensorflow/tfjs-core";
import { tensorOperations } from "./operations/tensor-operations.ts";

/** What a masked language model may minimise, of what the study tried. */
export const maskedLossNames = ["cross-entropy", "focal", "incorrect", "squared-error", "absolute-error"] as const;
export type MaskedLossName = (typeof maskedLossNames)[number];

/**
 * The mean loss of `logits [count, vocab]` x with C words, M = sqrt(C), for targets t of probability p: a scalar. Logits
 * exist whole.
 *
 *     cross-entropy   -log p
 *     focal           -(1 - p)^5 log p
 *     incorrect       -log p, over the rows whose largest logit is not the target; 0 if there is none
 *     squared-error   sum of (x - M onehot(t))^2 over the words, / (2 M C)
 *     absolute-error  sum of |x - C onehot(t)| over the words, / M
 *
 * The study's squared error is the sum over the rows, so that its size depends on their number.
 */
export const meanLoss = (name: MaskedLossName, logits: tf.Tensor, targets: tf.Tensor1D): tf.Tensor => {
  const words = logits.shape[1]!;
  const root = Math.sqrt(words);
  switch (name) {
    case "cross-entropy":
      return smoothedCrossEntropy(logits, targets, 0, 0);
    case "focal": {
      const surprise = tf.sub(tf.logSumExp(logits, 1), pick(logits, targets));
      const rest = tf.neg(tf.expm1(tf.neg(surprise))); // 1 - p, also if p is nearly 1
      return tf.mean(tf.mul(tf.mul(tf.square(tf.square(rest)), rest), surprise));
    }
    case "incorrect": {
      const isWrong = tensorOperations.detached(() => tf.cast(tf.notEqual(tf.argMax(logits, 1), targets), "float32"));
      const surprise = tf.sub(tf.logSumExp(logits, 1), pick(logits, targets));
      return tf.div(tf.sum(tf.mul(surprise, isWrong)), tf.maximum(tf.sum(isWrong), 1));
    }
    case "squared-error": {
      const squares = tf.sub(tf.sum(tf.square(logits), 1), tf.mul(pick(logits, targets), 2 * root));
      return tf.mean(tf.div(tf.add(squares, words), 2 * root * words));
    }
    case "absolute-error": {
      const wanted = pick(logits, targets);
      const others = tf.sub(tf.sum(tf.abs(logits), 1), tf.abs(wanted));
      return tf.mean(tf.div(tf.add(others, tf.abs(tf.sub(wanted, words))), root));
    }
  }
};

/** mean of log Z - (1 - s) logit_target - s mean(logits) + z log(Z)^2, for `logits [count, vocab]` */
export const smoothedCrossEntropy = (
  logits: tf.Tensor,
  targets: tf.Tensor1D,
  smoothing: number,
  zLoss: number,
): tf.Tensor => {
  const logZ = tf.logSumExp(logits, 1);
  const wanted = tf.add(tf.mul(pick(logits, targets), 1 - smoothing), tf.mul(tf.mean(logits, 1), smoothing));
  const loss = tf.sub(logZ, wanted);
  return tf.mean(zLoss === 0 ? loss : tf.add(loss, tf.mul(tf.square(logZ), zLoss)));
};

/** The logit of each row's target: `[count]` */
const pick = (logits: tf.Tensor, targets: tf.Tensor1D): tf.Tensor =>
  tf.sum(tf.mul(logits, tf.oneHot(targets, logits.shape[1]!, 1, 0, "float32")), 1);
