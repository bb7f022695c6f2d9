import { type OpCase, type OpSpec, uniform } from "../conformance-case.ts";
import { rmsNorm } from "./rms-norm.ts";

const rmsNormCase = (shape: number[], epsilon: number, scale = 1): OpCase => {
  const n = shape[shape.length - 1]!;
  return {
    name: `[${shape}], epsilon ${epsilon}${scale === 1 ? "" : `, x ${scale}`}`,
    inputs: { x: uniform(shape, 1, scale), weight: uniform([n], 2) },
    run: ({ x, weight }) => rmsNorm(x!, weight!, epsilon),
    truth: ({ x, weight }) => {
      const y = new Float64Array(x!.length);
      for (let start = 0; start < y.length; start += n) {
        let square = 0;
        for (let i = 0; i < n; i++) square += x![start + i]! ** 2 / n;
        for (let i = 0; i < n; i++) y[start + i] = (x![start + i]! / Math.sqrt(square + epsilon)) * weight![i]!;
      }
      return y;
    },
    tolerance: 2e-5,
  };
};

export const rmsNormSpec: OpSpec = {
  op: "rmsNorm",
  kernels: ["CramkitRmsNorm", "CramkitRmsNormGrad"],
  cases: [
    rmsNormCase([1, 1], 0.5),
    rmsNormCase([3, 7, 23], 1e-12),
    rmsNormCase([23, 100], 1e-6),
    rmsNormCase([7, 129], 1e-5),
    rmsNormCase([3, 1003], 1e-6),
    rmsNormCase([0, 7], 1e-5),
    rmsNormCase([7, 64], 1e-12, 1e6),
  ],
};
