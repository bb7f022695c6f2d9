import { type OpCase, type OpSpec, uniform } from "../conformance-case.ts";
import { linear } from "./linear.ts";

const linearCase = (leading: number[], inputs: number, outputs: number, bias: boolean, scale = 1): OpCase => {
  const rows = leading.reduce((a, b) => a * b, 1);
  const x = uniform([...leading, inputs], 1, scale);
  const weight = uniform([outputs, inputs], 2);
  return {
    name: `[${[...leading, inputs]}] -> ${outputs}${bias ? " + bias" : ""}${scale === 1 ? "" : ` x ${scale}`}`,
    inputs: { x, weight, ...(bias ? { bias: uniform([outputs], 3) } : {}) },
    run: ({ x, weight, bias }) => linear(x!, weight!, bias),
    truth: ({ x, weight, bias }) => {
      const y = new Float64Array(rows * outputs);
      for (let r = 0; r < rows; r++) {
        for (let o = 0; o < outputs; o++) {
          let sum = bias?.[o] ?? 0;
          for (let i = 0; i < inputs; i++) sum += x![r * inputs + i]! * weight![o * inputs + i]!;
          y[r * outputs + o] = sum;
        }
      }
      return y;
    },
    tolerance: 1e-5,
  };
};

export const linearSpec: OpSpec = {
  op: "linear",
  kernels: ["CramkitLinear", "CramkitLinearGradInput", "CramkitLinearGradWeight", "CramkitLinearGradBias"],
  cases: [
    linearCase([1], 1, 1, true),
    linearCase([], 3, 7, true),
    linearCase([3], 7, 23, false),
    linearCase([2, 50], 129, 23, true),
    linearCase([7], 1003, 3, true),
    linearCase([129], 3, 100, false),
    linearCase([1003], 7, 23, true),
    linearCase([23], 100, 1003, true),
    linearCase([64], 64, 64, false),
    linearCase([0], 7, 3, true),
    linearCase([23], 100, 7, false, 1e18),
  ],
};
