import { type OpCase, type OpSpec, uniform } from "../conformance-case.ts";
import type { GluActivation } from "../glu/glu.ts";
import { gateOf64 } from "../glu/spec.ts";
import { gatedFeedForward } from "./gated-feed-forward.ts";

const gatedCase = (
  leading: number[],
  [inputs, n, outputs]: [number, number, number],
  activation: GluActivation,
  biases = false,
): OpCase => {
  const rows = leading.reduce((a, b) => a * b, 1);
  return {
    name: `[${[...leading, inputs]}] -> 2 x ${n} -> ${outputs} ${activation}${biases ? " + biases" : ""}`,
    inputs: {
      x: uniform([...leading, inputs], 1),
      inner: uniform([2 * n, inputs], 2),
      outer: uniform([outputs, n], 3),
      ...(biases ? { innerBias: uniform([2 * n], 4), outerBias: uniform([outputs], 5) } : {}),
    },
    run: ({ x, inner, outer, innerBias, outerBias }) =>
      gatedFeedForward(x!, {
        inner: { weight: inner!, bias: innerBias },
        outer: { weight: outer!, bias: outerBias },
        activation,
      }),
    truth: ({ x, inner, outer, innerBias, outerBias }) => {
      const y = new Float64Array(rows * outputs);
      for (let row = 0; row < rows; row++) {
        const hidden = Float64Array.from({ length: 2 * n }, (_, i) => {
          let sum = innerBias?.[i] ?? 0;
          for (let k = 0; k < inputs; k++) sum += x![row * inputs + k]! * inner![i * inputs + k]!;
          return sum;
        });
        for (let i = 0; i < outputs; i++) {
          let sum = outerBias?.[i] ?? 0;
          for (let k = 0; k < n; k++) sum += gateOf64(activation, hidden[n + k]!) * hidden[k]! * outer![i * n + k]!;
          y[row * outputs + i] = sum;
        }
      }
      return y;
    },
    tolerance: 1e-5,
  };
};

/** For tiles of 128 whose lines begin at multiples of 16 bytes: too much for every backend. */
export const largeGatedCases: readonly OpCase[] = [
  gatedCase([136], [72, 72, 8], "silu", true),
  gatedCase([3, 43], [64, 136, 16], "gelu"),
];

export const gatedFeedForwardSpec: OpSpec = {
  op: "gatedFeedForward",
  kernels: ["CramkitLinearGlu", "CramkitLinearGluGrad"],
  cases: [
    gatedCase([1], [1, 1, 1], "gelu"),
    gatedCase([2, 7], [23, 5, 7], "silu", true),
    gatedCase([5], [8, 12, 4], "relu"),
    gatedCase([70], [4, 64, 3], "mish", true),
    gatedCase([0], [3, 2, 4], "gelu", true),
  ],
};
