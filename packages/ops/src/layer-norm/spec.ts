import { type OpCase, type OpSpec, uniform } from "../conformance-case.ts";
import { layerNorm } from "./layer-norm.ts";

const layerNormCase = (shape: number[], bias: boolean, epsilon: number, scale = 1): OpCase => {
  const n = shape[shape.length - 1]!;
  return {
    name: `[${shape}]${bias ? " + bias" : ""}, epsilon ${epsilon}${scale === 1 ? "" : `, x ${scale}`}`,
    inputs: { x: uniform(shape, 1, scale), weight: uniform([n], 2), ...(bias ? { bias: uniform([n], 3) } : {}) },
    run: ({ x, weight, bias }) => layerNorm(x!, weight!, bias, epsilon),
    truth: ({ x, weight, bias }) => {
      const y = new Float64Array(x!.length);
      for (let start = 0; start < y.length; start += n) {
        let mean = 0;
        for (let i = 0; i < n; i++) mean += x![start + i]! / n;
        let variance = 0;
        for (let i = 0; i < n; i++) variance += (x![start + i]! - mean) ** 2 / n;
        for (let i = 0; i < n; i++) {
          y[start + i] = ((x![start + i]! - mean) / Math.sqrt(variance + epsilon)) * weight![i]! + (bias?.[i] ?? 0);
        }
      }
      return y;
    },
    tolerance: 2e-5,
  };
};

export const layerNormSpec: OpSpec = {
  op: "layerNorm",
  kernels: ["CramkitLayerNorm", "CramkitLayerNormGrad"],
  cases: [
    layerNormCase([1, 3], true, 1e-5),
    layerNormCase([3, 7, 23], false, 1e-12),
    layerNormCase([23, 100], true, 1e-12),
    layerNormCase([7, 129], true, 1e-5),
    layerNormCase([3, 1003], true, 1e-6),
    layerNormCase([129, 7], true, 1e-5),
    layerNormCase([0, 7], true, 1e-5),
    layerNormCase([7, 64], true, 1e-12, 1e6),
  ],
};
