import * as tf from "@tensorflow/tfjs-core";

export interface GemmMeasurement {
  form: "NN" | "NT" | "TN";
  m: number;
  n: number;
  k: number;
  milliseconds: number;
  gflopPerSecond: number;
}

/** Shapes of a training step, and a square one. */
export const gemmShapes: [m: number, n: number, k: number][] = [
  [1024, 1024, 1024],
  [2048, 768, 256],
  [2048, 256, 1024],
  [512, 8192, 256],
  [129, 1003, 100],
];

/**
 * Times tf.matMul on the current backend: the fastest of `repeats`, in the three forms of a linear layer (forward NT,
 * input gradient NN, weight gradient TN). Exact on backends that compute synchronously.
 */
export const measureGemm = ([m, n, k]: [number, number, number], repeats = 10): GemmMeasurement[] =>
  (["NN", "NT", "TN"] as const).map((form) => {
    const a = tf.randomUniform(form === "TN" ? [k, m] : [m, k], -1, 1, "float32", 1);
    const b = tf.randomUniform(form === "NT" ? [n, k] : [k, n], -1, 1, "float32", 2);
    let milliseconds = Number.POSITIVE_INFINITY;
    for (let i = 0; i < repeats + 2; i++) {
      const start = performance.now();
      const product = tf.matMul(a, b, form === "TN", form === "NT");
      if (i >= 2) milliseconds = Math.min(milliseconds, performance.now() - start);
      product.dispose();
    }
    tf.dispose([a, b]);
    return { form, m, n, k, milliseconds, gflopPerSecond: (2 * m * n * k) / milliseconds / 1e6 };
  });
