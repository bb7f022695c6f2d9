import * as tf from "@tensorflow/tfjs-core";

/*
 * The ops as anybody would write them with tfjs-core: what the fused ones are checked against and race. They share no
 * code with @cramkit/ops.
 */

/** x `[rows, in]`, weight `[out, in]` -> `[rows, out]` */
export const linear = (x: tf.Tensor, weight: tf.Tensor): tf.Tensor =>
  tf.matMul(x as tf.Tensor2D, weight as tf.Tensor2D, false, true);

/** qkv `[batch, seq, heads * 3 * dim]`, its last axis grouped `[heads, 3, dim]` -> `[batch, seq, heads * dim]` */
export const attention = (qkv: tf.Tensor, heads: number, reach?: number): tf.Tensor => {
  const [batch, seq, width] = qkv.shape as [number, number, number];
  const dim = width / 3 / heads;
  const grouped = tf.reshape(qkv, [batch, seq, heads, 3 * dim]);
  const [q, k, v] = tf.split(grouped, 3, 3).map((part) => tf.transpose(part, [0, 2, 1, 3])) as [
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
  ];
  const products = tf.mul(tf.matMul(q, k, false, true), dim ** -0.5);
  const far = (at: number) => Math.abs(Math.floor(at / seq) - (at % seq)) > reach!;
  const sight = Float32Array.from({ length: reach === undefined ? 0 : seq * seq }, (_, at) => (far(at) ? -1e4 : 0));
  const scores = tf.softmax(reach === undefined ? products : tf.add(products, tf.tensor2d(sight, [seq, seq])));
  return tf.reshape(tf.transpose(tf.matMul(scores, v), [0, 2, 1, 3]), [batch, seq, heads * dim]);
};

/** `[seq, dim]` = [cos t, sin t] with t = position / 10000^(2i / dim) */
export const rotaryTable = (seq: number, dim: number): tf.Tensor => {
  const angles = Array.from({ length: seq }, (_, position) =>
    Array.from({ length: dim / 2 }, (_, i) => position / 10000 ** ((2 * i) / dim)),
  );
  return tf.tensor2d(angles.map((row) => [...row.map(Math.cos), ...row.map(Math.sin)]));
};

/** qkv as above, queries and keys turned by {@link rotaryTable} */
export const rotary = (qkv: tf.Tensor, heads: number, table: tf.Tensor): tf.Tensor => {
  const [batch, seq, width] = qkv.shape as [number, number, number];
  const dim = width / 3 / heads;
  const parts = tf.split(tf.reshape(qkv, [batch, seq, heads, 3 * dim]), 6, 3);
  const [cos, sin] = tf.split(tf.reshape(table, [seq, 1, dim]), 2, 2) as [tf.Tensor, tf.Tensor];
  const turn = (a: tf.Tensor, b: tf.Tensor) => [
    tf.sub(tf.mul(a, cos), tf.mul(b, sin)),
    tf.add(tf.mul(b, cos), tf.mul(a, sin)),
  ];
  const turned = [...turn(parts[0]!, parts[1]!), ...turn(parts[2]!, parts[3]!), ...parts.slice(4)];
  return tf.reshape(tf.concat(turned, 3), [batch, seq, width]);
};

/** Over the last axis. */
export const layerNorm = (x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor, epsilon: number): tf.Tensor => {
  const centred = tf.sub(x, tf.mean(x, -1, true));
  const variance = tf.mean(tf.square(centred), -1, true);
  return tf.add(tf.mul(tf.mul(centred, tf.rsqrt(tf.add(variance, epsilon))), weight), bias);
};

/** Over the last axis. */
export const rmsNorm = (x: tf.Tensor, weight: tf.Tensor, epsilon: number): tf.Tensor =>
  tf.mul(tf.mul(x, tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), epsilon))), weight);

/** x Phi(x), exact */
export const gelu = (x: tf.Tensor): tf.Tensor => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1));

/** `[..., 2n]` = [u, g] -> gelu(g) u */
export const geluGlu = (x: tf.Tensor): tf.Tensor => {
  const [u, g] = tf.split(x, 2, -1) as [tf.Tensor, tf.Tensor];
  return tf.mul(gelu(g), u);
};

/** Mean over the rows `positions` of hidden `[rows, n]`, weight `[vocab, n]` */
export const maskedCrossEntropy = (
  hidden: tf.Tensor,
  weight: tf.Tensor,
  positions: tf.Tensor1D,
  targets: tf.Tensor1D,
): tf.Tensor => {
  const logits = tf.matMul(tf.gather(hidden, positions) as tf.Tensor2D, weight as tf.Tensor2D, false, true);
  const picked = tf.sum(tf.mul(tf.logSoftmax(logits), tf.oneHot(targets, weight.shape[0]!, 1, 0, "float32")), 1);
  return tf.neg(tf.mean(picked));
};
