import { fault } from "@cramkit/errors";
import { maskedCrossEntropy } from "@cramkit/ops";
import * as tf from "@tensorflow/tfjs-core";
import type { ModelConfig } from "./config.ts";
import { decoderOf, runPredictionHead } from "./heads.ts";
import type { Params } from "./init.ts";
import { type MaskedLossName, maskedLossNames, meanLoss, smoothedCrossEntropy } from "./losses.ts";
import { classify, classifyTokens, encodeWithin, type ForwardOptions, type Inputs, scopeOf } from "./model.ts";
import { tensorOperations } from "./operations/tensor-operations.ts";

/** Rows of ids with the positions to predict, on the host, as @cramkit/packer yields them. */
export interface MaskedBatch {
  batchSize: number;
  seqLength: number;
  /** `[batchSize * seqLength]` */
  inputIds: Int32Array;
  /** `[count]`, indices into `inputIds`, ascending. */
  positions: Int32Array;
  /** `[count]`, the ids that belong there. */
  targets: Int32Array;
  /** `[batchSize * seqLength]`, 1 = attend. @defaultValue all may be attended to */
  attentionMask?: Int32Array | Float32Array;
  /** `[batchSize * seqLength]`. @defaultValue 0 everywhere */
  tokenTypeIds?: Int32Array;
}

export interface MaskedLossOptions extends ForwardOptions {
  /** `cross-entropy` alone takes the two options below. @defaultValue `"cross-entropy"` */
  loss?: MaskedLossName;
  /** Share of the target's probability that goes to all words alike. @defaultValue `0` */
  labelSmoothing?: number;
  /** Factor of the mean of log(Z)^2, Z the sum of exp(logits), as in PaLM; the study adds log2(Z), without the square. @defaultValue `0` */
  zLoss?: number;
}

/** The tensors of a batch's inputs, for {@link encode}. The caller disposes of them, or calls it in a tidy. */
export const inputsOf = (batch: Omit<MaskedBatch, "positions" | "targets">): Inputs => {
  const shape: [number, number] = [batch.batchSize, batch.seqLength];
  return {
    inputIds: tf.tensor2d(batch.inputIds, shape, "int32"),
    ...(batch.attentionMask && { attentionMask: tf.tensor2d(Float32Array.from(batch.attentionMask), shape) }),
    ...(batch.tokenTypeIds && { tokenTypeIds: tf.tensor2d(batch.tokenTypeIds, shape, "int32") }),
  };
};

/**
 * Mean loss over the positions to predict: a scalar. Only their rows pass what follows the last attention, the prediction head
 * and the decoder. Of plain cross-entropy their logits exist in pieces only; everything else needs them whole. No positions: 0, with zero gradients.
 *
 * @throws RangeError if positions and targets differ in number, or one of them, an id or an option is out of range
 */
export const maskedLanguageModelLoss = (
  params: Params,
  config: ModelConfig,
  batch: MaskedBatch,
  options: MaskedLossOptions = {},
): tf.Scalar => {
  const { loss = "cross-entropy", labelSmoothing = 0, zLoss = 0 } = options;
  if (!maskedLossNames.includes(loss))
    throw fault({
      code: "invalid-argument",
      place: "maskedLanguageModelLoss",
      problem: `expected loss ${maskedLossNames.join(", ")}, got ${String(loss)}`,
      type: RangeError,
    });
  if (!(labelSmoothing >= 0 && labelSmoothing < 1))
    throw fault({
      code: "invalid-argument",
      place: "maskedLanguageModelLoss",
      problem: `expected labelSmoothing from 0 to below 1, got ${labelSmoothing}`,
      type: RangeError,
    });
  if (!(zLoss >= 0))
    throw fault({
      code: "invalid-argument",
      place: "maskedLanguageModelLoss",
      problem: `expected zLoss of at least 0, got ${zLoss}`,
      type: RangeError,
    });
  const isPure = labelSmoothing === 0 && zLoss === 0;
  if (loss !== "cross-entropy" && !isPure)
    throw fault({
      code: "invalid-argument",
      place: "maskedLanguageModelLoss",
      problem: `expected no labelSmoothing and no zLoss with ${loss}, got ${labelSmoothing} and ${zLoss}`,
      remedy: "leave them out, or choose cross-entropy",
      type: RangeError,
    });
  checkBatch("maskedLanguageModelLoss", batch, config);
  return tf.tidy(() => {
    const inputs = inputsOf(batch);
    const positions = tf.tensor1d(batch.positions, "int32");
    const targets = tf.tensor1d(batch.targets, "int32");
    const scope = scopeOf(params, config, inputs, options);
    const rows = encodeWithin(scope, config, inputs, options, positions);
    const { weight, bias } = decoderOf(scope, config);
    // Without a row TensorFlow.js's means have no gradient, and the fused loss is 0.
    const isPlain = (loss === "cross-entropy" && isPure) || batch.positions.length === 0;
    const selected = runPredictionHead(rows, scope, config);
    if (isPlain) {
      const every = tf.range(0, batch.positions.length, 1, "int32");
      return maskedCrossEntropy(selected, weight, bias, every, targets);
    }
    const logits = scope.ops.linear(selected, weight, bias);
    return isPure ? meanLoss(loss, logits, targets) : smoothedCrossEntropy(logits, targets, labelSmoothing, zLoss);
  }) as tf.Scalar;
};

/**
 * Devices read zeros if an index is out of range, and a mean takes lists of two lengths: both would go unnoticed. {@link maskedLanguageModelLoss}
 * checks its batch itself. `name`: whose error it is.
 *
 * @throws RangeError if positions and targets differ in number, or one of them or an id is out of range
 */
export const checkBatch = (name: string, batch: MaskedBatch, { vocabSize }: ModelConfig): void => {
  const { inputIds, positions, targets } = batch;
  if (positions.length !== targets.length)
    throw fault({
      code: "invalid-argument",
      place: name,
      problem: `expected as many targets as positions ${positions.length}, got ${targets.length}`,
      type: RangeError,
    });
  for (const [what, list, end] of [
    ["inputIds", inputIds, vocabSize],
    ["positions", positions, inputIds.length],
    ["targets", targets, vocabSize],
  ] as const) {
    const at = list.findIndex((index) => index < 0 || index >= end);
    if (at >= 0)
      throw fault({
        code: "invalid-argument",
        place: name,
        problem: `expected ${what} in 0..${end - 1}, got ${list[at]} at index ${at}`,
        type: RangeError,
      });
  }
};

/**
 * Mean cross-entropy of `labels [batch]`, or for regression the mean squared error: a scalar.
 *
 * @throws RangeError if there is not one label for each row, or one is not a class of the head
 */
export const classificationLoss = (
  params: Params,
  config: ModelConfig,
  inputs: Inputs,
  labels: ArrayLike<number>,
  options: ForwardOptions = {},
): tf.Scalar => {
  checkLabels("classificationLoss", labels, inputs.inputIds.shape[0]!, config);
  return tf.tidy(() => {
    const logits = classify(params, config, inputs, options);
    if (config.head.type === "regression") {
      const wanted = tf.tensor2d(Float32Array.from(labels), [labels.length, 1]);
      return tf.mean(tf.square(tf.sub(logits, wanted)));
    }
    return smoothedCrossEntropy(logits, tf.tensor1d(Int32Array.from(labels), "int32"), 0, 0);
  }) as tf.Scalar;
};

/**
 * Mean cross-entropy over the tokens that have a label: a scalar.
 *
 * @param labels `[batch * seq]`; -100 if there is none
 * @throws RangeError if no token has one, or one is not a class of the head
 */
export const tokenClassificationLoss = (
  params: Params,
  config: ModelConfig,
  inputs: Inputs,
  labels: ArrayLike<number>,
  options: ForwardOptions = {},
): tf.Scalar => {
  const positions = Int32Array.from(labels, (_, i) => i).filter((i) => labels[i]! >= 0);
  checkLabels("tokenClassificationLoss", labels, inputs.inputIds.size, config);
  if (positions.length === 0)
    throw fault({
      code: "invalid-argument",
      place: "tokenClassificationLoss",
      problem: "expected a label for some token, got none",
      type: RangeError,
    });
  return tf.tidy(() => {
    const logits = classifyTokens(params, config, inputs, options);
    const rows = tf.reshape(logits, [-1, logits.shape[2]!]);
    const selected = tensorOperations.embedding(tf.tensor1d(positions, "int32"), rows);
    const targets = Int32Array.from(positions, (i) => labels[i]!);
    return smoothedCrossEntropy(selected, tf.tensor1d(targets, "int32"), 0, 0);
  }) as tf.Scalar;
};

/** A label that no class has would silently pull all logits down; a negative one stands for none. */
const checkLabels = (name: string, labels: ArrayLike<number>, count: number, { head }: ModelConfig): void => {
  if (labels.length !== count)
    throw fault({
      code: "invalid-argument",
      place: name,
      problem: `expected ${count} labels, got ${labels.length}`,
      type: RangeError,
    });
  const classes = head.type === "regression" || !("labels" in head) ? Number.POSITIVE_INFINITY : head.labels;
  const least = head.type === "classification" ? 0 : Number.NEGATIVE_INFINITY;
  const isClass = head.type !== "regression";
  const fits = (label: number) => label >= least && label < classes && (!isClass || Number.isInteger(label));
  const wrong = Array.from(labels).find((label) => !fits(label));
  if (wrong !== undefined) {
    const wanted = isClass ? "whole labels" : "labels";
    throw fault({
      code: "invalid-argument",
      place: name,
      problem: `expected ${wanted} below ${classes}, from ${least}, got ${wrong}`,
      type: RangeError,
    });
  }
};
