import {
  add,
  cast,
  concat,
  greater,
  mul,
  relu,
  reshape,
  sigmoid,
  slice,
  softplus,
  square,
  sub,
  type Tensor,
  tanh,
} from "@tensorflow/tfjs-core";
import { geluDerivative, geluReference } from "../gelu/reference.ts";
import { asRows, lastAxis, rowCount } from "../rows.ts";

export const gluActivations = ["gelu", "relu", "silu", "mish"] as const;
export type GluActivation = (typeof gluActivations)[number];

const oneMinus = (x: Tensor): Tensor => sub(1, x);

const activations: Record<GluActivation, { value: (g: Tensor) => Tensor; derivative: (g: Tensor) => Tensor }> = {
  gelu: { value: geluReference, derivative: geluDerivative },
  relu: { value: relu, derivative: (g) => cast(greater(g, 0), "float32") },
  silu: {
    value: (g) => mul(g, sigmoid(g)),
    // s + g s (1 - s)
    derivative: (g) => {
      const s = sigmoid(g);
      return add(s, mul(mul(g, s), oneMinus(s)));
    },
  },
  mish: {
    value: (g) => mul(g, tanh(softplus(g))),
    // t + g (1 - t^2) sigmoid(g), with t = tanh(softplus(g))
    derivative: (g) => {
      const t = tanh(softplus(g));
      return add(t, mul(mul(g, oneMinus(square(t))), sigmoid(g)));
    },
  },
};

const halves = (x: Tensor): [Tensor, Tensor] => {
  const n = lastAxis(x) / 2;
  const rows = asRows(x);
  return [slice(rows, [0, 0], [-1, n]), slice(rows, [0, n], [-1, n])];
};

/** f(g) u */
export const gluReference = (x: Tensor, activation: GluActivation): Tensor => {
  const [u, g] = halves(x);
  return reshape(mul(activations[activation].value(g), u), [...x.shape.slice(0, -1), lastAxis(x) / 2]);
};

/** du = dy f(g), dg = dy u f'(g) */
export const gluGradReference = (dy: Tensor, x: Tensor, activation: GluActivation): Tensor => {
  const [u, g] = halves(x);
  const { value, derivative } = activations[activation];
  const dyRows = reshape(dy, [rowCount(x), lastAxis(x) / 2]);
  return reshape(concat([mul(dyRows, value(g)), mul(mul(dyRows, u), derivative(g))], 1), x.shape);
};
