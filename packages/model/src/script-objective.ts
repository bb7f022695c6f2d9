import { fault } from "@cramkit/errors";
import { fillUniform, streamKey } from "@cramkit/random";
import * as tf from "@tensorflow/tfjs-core";
import type { ModelConfig } from "./config.ts";
import { runDecoder } from "./heads.ts";
import type { Params } from "./init.ts";
import { smoothedCrossEntropy } from "./losses.ts";
import { encodeWithin, type ForwardOptions, type StepSeed, scopeOf } from "./model.ts";
import { checkBatch, inputsOf, type MaskedBatch } from "./objectives.ts";

/** `seed` and `step` are those of the tokens that are drawn. */
export interface ScriptOptions extends ForwardOptions, StepSeed {
  /**
   * Weight of the discriminator's loss.
   * @defaultValue 1
   */
  alpha?: number;
}

/**
 * SCRIPT (Nijkamp et al. 2021), self-critic pretraining: the masked language model's loss, plus that of the same model as a
 * discriminator. Tokens drawn from its predictions fill the masked positions; with Z the sum of exp(logits) at a position,
 * sigmoid(log Z) is the probability that the token there is not the original. Padding is not a position. A scalar. In the
 * study's code the critic is to find what differs from the masked input instead, originals that were drawn again included.
 *
 * The discriminator needs the logits of all positions at once: `batch * seq * vocab` floats.
 *
 * @throws RangeError if there is nothing to predict, or the batch does not fit the model
 */
export const scriptLoss = (
  params: Params,
  config: ModelConfig,
  batch: MaskedBatch,
  { seed, step, alpha = 1, ...options }: ScriptOptions,
): tf.Scalar => {
  checkBatch("scriptLoss", batch, config);
  if (batch.positions.length === 0)
    throw fault({
      code: "invalid-argument",
      place: "scriptLoss",
      problem: "expected a position to predict, got none",
      type: RangeError,
    });
  return tf.tidy(() => {
    const inputs = inputsOf(batch);
    const scope = scopeOf(params, config, inputs, options);
    const { ops } = scope;
    const rowsOf = (ids: tf.Tensor) =>
      ops.reshape(encodeWithin(scope, config, { ...inputs, inputIds: ids }, options), [-1, config.hidden]);
    const selected = ops.embedding(tf.tensor1d(batch.positions, "int32"), rowsOf(inputs.inputIds));
    const logits = runDecoder(selected, scope, config); // [count, vocab]
    const predicting = smoothedCrossEntropy(logits, tf.tensor1d(batch.targets, "int32"), 0, 0);

    const drawn = ops.detached(() => draw(logits, { seed, step }));
    const { original, replaced } = fill(batch, drawn);
    const critic = tf.logSumExp(runDecoder(rowsOf(replaced), scope, config), 1); // [batch * seq]
    const isReplaced = tf.cast(tf.notEqual(tf.reshape(replaced, [-1]), original), "float32");
    const losses = tf.sub(tf.softplus(critic), tf.mul(critic, isReplaced));
    const seen = scope.mask && ops.reshape(scope.mask, [-1]);
    const discriminating = seen ? tf.div(tf.sum(tf.mul(losses, seen)), tf.sum(seen)) : tf.mean(losses);
    return tf.add(predicting, tf.mul(discriminating, alpha));
  }) as tf.Scalar;
};

/** One id a row, drawn with the probabilities of `logits [count, vocab]`: floats `[count]`. */
const draw = (logits: tf.Tensor, { seed, step }: StepSeed): tf.Tensor => {
  const [count, vocab] = logits.shape as [number, number];
  const uniforms = new Float32Array(count);
  fillUniform(streamKey(seed, "model/script", step), uniforms);
  const below = tf.less(tf.cumsum(tf.softmax(logits), 1), tf.tensor2d(uniforms, [count, 1]));
  return tf.minimum(tf.sum(tf.cast(below, "float32"), 1), vocab - 1);
};

/** The ids before they were masked, `[batch * seq]`, and the same with drawn ones in the masked positions, `[batch, seq]`. */
const fill = ({ batchSize, seqLength, inputIds, positions, targets }: MaskedBatch, drawn: tf.Tensor) => {
  const ids = Int32Array.from(inputIds);
  const others = Int32Array.from(inputIds);
  positions.forEach((position, i) => {
    ids[position] = targets[i]!;
    others[position] = 0;
  });
  const at = tf.tensor2d(positions, [positions.length, 1], "int32");
  const spread = tf.scatterND(at, tf.cast(drawn, "int32"), [ids.length]);
  const replaced = tf.add(tf.tensor1d(others, "int32"), spread);
  return { original: tf.tensor1d(ids, "int32"), replaced: tf.reshape(replaced, [batchSize, seqLength]) };
};
