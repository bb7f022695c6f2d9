import { type OpCase, type OpSpec, uniform } from "../conformance-case.ts";
import { gelu64 } from "../gelu/spec.ts";
import { type GluActivation, glu } from "./glu.ts";

const softplus = (x: number): number => (x > 30 ? x : Math.log1p(Math.exp(x)));

const activations: Record<GluActivation, (g: number) => number> = {
  gelu: gelu64,
  relu: (g) => Math.max(0, g),
  silu: (g) => g / (1 + Math.exp(-g)),
  mish: (g) => g * Math.tanh(softplus(g)),
};

/** f(g) in double precision. */
export const gateOf64 = (activation: GluActivation, g: number): number => activations[activation](g);

const gluCase = (shape: number[], activation: GluActivation, scale = 3): OpCase => {
  const n = shape[shape.length - 1]! / 2;
  return {
    name: `[${shape}] ${activation}, x ${scale}`,
    inputs: { x: uniform(shape, 1, scale) },
    run: ({ x }) => glu(x!, activation),
    truth: ({ x }) =>
      Float64Array.from({ length: x!.length / 2 }, (_, i) => {
        const u = Math.floor(i / n) * 2 * n + (i % n);
        return activations[activation](x![u + n]!) * x![u]!;
      }),
    // A single value is its own largest magnitude, and if 1 + erf cancels there is little of it.
    tolerance: shape.length === 1 ? 1e-5 : 2e-6,
  };
};

export const gluSpec: OpSpec = {
  op: "glu",
  kernels: ["CramkitGlu", "CramkitGluGrad"],
  cases: (["gelu", "relu", "silu", "mish"] as const).flatMap((activation) => [
    gluCase([2], activation),
    gluCase([3, 6], activation),
    gluCase([2, 7, 46], activation),
    gluCase([23, 200], activation),
    gluCase([3, 2006], activation),
    gluCase([0, 6], activation),
    gluCase([7, 258], activation, 100),
  ]),
};
