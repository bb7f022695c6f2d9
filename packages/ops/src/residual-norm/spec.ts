import { concat, type Tensor } from "@tensorflow/tfjs-core";
import { type OpCase, type OpSpec, uniform } from "../conformance-case.ts";
import { dropoutMask } from "../dropout-mask.ts";
import { normOfSum, type ResidualNormKind, residualNorm } from "./residual-norm.ts";

interface Variant {
  kind?: ResidualNormKind;
  bias?: boolean;
  epsilon?: number;
  rate?: number;
  /** Reads the norm alone. */
  alone?: boolean;
}

const residualNormCase = (
  shape: number[],
  { kind = "layer", bias = kind === "layer", epsilon = 1e-5, rate = 0, alone = false }: Variant = {},
): OpCase => {
  const n = shape[shape.length - 1]!;
  const dropout = rate > 0 ? { rate, key: [7, 11] as const } : undefined;
  const options = { kind, epsilon, dropout };
  return {
    name: `[${shape}] ${kind}${bias ? " + bias" : ""}, epsilon ${epsilon}${rate ? `, dropout ${rate}` : ""}${alone ? ", the norm alone" : ""}`,
    inputs: {
      x: uniform(shape, 1),
      branch: uniform(shape, 2),
      weight: uniform([n], 3),
      ...(bias ? { bias: uniform([n], 4) } : {}),
    },
    run: ({ x, branch, weight, bias }): Tensor => {
      if (alone) return normOfSum(x!, branch!, weight!, bias, options);
      const { sum, normed } = residualNorm(x!, branch!, weight!, bias, options);
      return concat([sum, normed], 0);
    },
    truth: ({ x, branch, weight, bias }) => {
      const mask = dropout && dropoutMask(x!.length, rate, dropout.key);
      const sum = Float64Array.from({ length: x!.length }, (_, i) => x![i]! + branch![i]! * (mask ? mask[i]! : 1));
      const y = new Float64Array(sum.length);
      for (let start = 0; start < y.length; start += n) {
        const row = sum.subarray(start, start + n);
        const mean = kind === "layer" ? row.reduce((total, value) => total + value, 0) / n : 0;
        const variance = row.reduce((total, value) => total + (value - mean) ** 2, 0) / n;
        row.forEach((value, i) => {
          y[start + i] = ((value - mean) / Math.sqrt(variance + epsilon)) * weight![i]! + (bias?.[i] ?? 0);
        });
      }
      return alone ? y : Float64Array.of(...sum, ...y);
    },
    tolerance: 2e-5,
  };
};

export const residualNormSpec: OpSpec = {
  op: "residualNorm",
  kernels: ["CramkitResidualNorm", "CramkitResidualNormGrad"],
  cases: [
    residualNormCase([1, 3]),
    residualNormCase([3, 7, 23], { bias: false, epsilon: 1e-6 }),
    residualNormCase([23, 100], { rate: 0.25 }),
    residualNormCase([7, 129], { alone: true, rate: 0.1 }),
    residualNormCase([3, 1003], { kind: "rms" }),
    residualNormCase([129, 7], { kind: "rms", rate: 0.5 }),
    residualNormCase([0, 7]),
    residualNormCase([64, 64], { alone: true }),
    residualNormCase([128, 128], { rate: 0.1 }),
    residualNormCase([131, 64], { kind: "rms", alone: true }),
  ],
};
