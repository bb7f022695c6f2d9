import { type OpCase, type OpSpec, uniform } from "../conformance-case.ts";
import { gelu } from "./gelu.ts";

/** erf in float64: Maclaurin series below 3, continued fraction of erfc above; error below 1e-14. */
const erf64 = (x: number): number => {
  const a = Math.abs(x);
  if (a > 6) return Math.sign(x);
  if (a < 3) {
    let term = a;
    let sum = a;
    for (let n = 1; Math.abs(term) > 1e-17 * sum && n < 200; n++) {
      term *= (-a * a) / n;
      sum += term / (2 * n + 1);
    }
    return (Math.sign(x) * 2 * sum) / Math.sqrt(Math.PI);
  }
  let fraction = 0;
  for (let k = 60; k > 0; k--) fraction = k / 2 / (a + fraction);
  return Math.sign(x) * (1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / (a + fraction));
};

export const gelu64 = (x: number): number => (x * (1 + erf64(x / Math.SQRT2))) / 2;

const geluCase = (shape: number[], scale = 4): OpCase => ({
  name: `[${shape}] x ${scale}`,
  inputs: { x: uniform(shape, 1, scale) },
  run: ({ x }) => gelu(x!),
  truth: ({ x }) => Float64Array.from(x!, gelu64),
  tolerance: 1e-6,
});

export const geluSpec: OpSpec = {
  op: "gelu",
  kernels: ["CramkitGelu", "CramkitGeluGrad"],
  cases: [
    geluCase([]),
    geluCase([1]),
    geluCase([3, 7]),
    geluCase([23]),
    geluCase([100, 129]),
    geluCase([1003], 9),
    geluCase([0, 3]),
    geluCase([23], 1e4),
    geluCase([23], 1e-4),
  ],
};
