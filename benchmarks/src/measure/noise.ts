import * as tf from "@tensorflow/tfjs-core";

const fraction = (x: tf.Tensor): tf.Tensor => tf.sub(x, tf.floor(x));

/** Pseudo-random values in -scale to scale, made on the device: only a row and a column of them come from the host. */
export const noise = (shape: number[], scale = 1, seed = 1): tf.Tensor =>
  tf.tidy(() => {
    const columns = shape.at(-1) ?? 1;
    const rows = shape.slice(0, -1).reduce((a, b) => a * b, 1);
    const down = fraction(tf.mul(tf.range(1, rows + 1, 1), 0.7391 + 0.013 * seed));
    const values = fraction(tf.mul(tf.reshape(down, [rows, 1]), tf.range(seed, columns + seed, 1)));
    return tf.reshape(tf.mul(tf.sub(values, 0.5), 2 * scale), shape);
  });
