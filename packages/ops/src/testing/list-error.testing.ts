import * as tf from "@tensorflow/tfjs-core";
import { optimizerKernels } from "../index.ts";

/**
 * The largest error of a step of AdamW, an accumulation and a norm over tensors of odd lengths, in the current backend's kernels for lists; infinite if a
 * step without a scale changes anything.
 */
export const errorOfLists = (): number => {
  const kernels = optimizerKernels()!;
  const lengths = [1, 5, 4095, 4097, 3];
  const waves = (phase: number) =>
    lengths.map((n) => tf.tensor1d(Float32Array.from({ length: n }, (_, i) => Math.sin(i * 1.1 + phase))));
  const [param, grad, mu, nu] = [0, 1, 2, 3].map(waves) as [tf.Tensor[], tf.Tensor[], tf.Tensor[], tf.Tensor[]];
  const squares = nu.map((tensor) => tf.square(tensor));
  const [p0, g0, m0, n0] = [param, grad, mu, squares].map((list) =>
    list.map((tensor) => Float64Array.from(tensor.dataSync())),
  );
  const attrs = { learningRate: 0.01, b1: 0.9, b2: 0.98, epsilon: 1e-6, correction1: 0.4, correction2: 0.2 };
  const updates = param.map((tensor, i) => ({
    param: tensor,
    grad: grad[i]!,
    mu: mu[i]!,
    nu: squares[i]!,
    weightDecay: i + 0.5,
  }));
  for (const none of [0, Number.NaN, Infinity]) kernels.adamw(updates, tf.scalar(none), attrs);
  let worst = param.every((tensor, i) => tensor.dataSync().every((value, j) => value === p0![i]![j])) ? 0 : Infinity;
  kernels.adamw(updates, tf.scalar(0.3), attrs);
  kernels.accumulate(mu, grad, 2);
  let square = 0;
  for (const [i, n] of lengths.entries()) {
    const [p, m] = [param[i]!.dataSync(), mu[i]!.dataSync()];
    for (let j = 0; j < n; j++) {
      const g = g0![i]![j]! * 0.3;
      const first = 0.9 * m0![i]![j]! + 0.1 * g;
      const second = 0.98 * n0![i]![j]! + 0.02 * g * g;
      const decayed = (i + 0.5) * p0![i]![j]!;
      const wanted = p0![i]![j]! - 0.01 * (first / 0.4 / (Math.sqrt(second / 0.2) + 1e-6) + decayed);
      for (const off of [p[j]! - wanted, m[j]! - first - 2 * g0![i]![j]!])
        worst = Math.max(worst, Number.isNaN(off) ? Infinity : Math.abs(off));
      square += g0![i]![j]! ** 2;
    }
  }
  const norm = kernels.globalNorm(grad);
  worst = Math.max(worst, Math.abs(norm.dataSync()[0]! / Math.sqrt(square) - 1));
  tf.dispose([param, grad, mu, nu, squares, norm]);
  return Number.isNaN(worst) ? Infinity : worst;
};
