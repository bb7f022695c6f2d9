import { activations } from "../activations.ts";

/**
 * A gated linear unit where a product ends, so that what it reads does not pass over memory once more. Forward the product is the
 * layer before the gate, C = [u, g]: a tile has columns of u and the same columns of g, C is written and f(g) u beside it, `gated [m, n /
 * 2]`. Backward it is the gradient of the layer after the gate, C = dy: written is the gradient of [u, g], which is `inner [m, 2n]`. Values
 * are rounded where they would be between two kernels.
 */
export interface Gate {
  activation: string;
  pass: "forward" | "backward";
}

export const gateName = ({ activation, pass }: Gate): string =>
  `${activation}-gate${pass === "forward" ? "" : "-gradient"}`;

export const gateFunctions = ({ activation }: Gate): string => `alias T = vec4<f32>;\n${activations[activation]!.wgsl}`;

/** WGSL: the row of the weight of [u, g] that is row `row` of a tile, whose every `breadth` rows are half of u and half of g. */
export const gatedRow = (row: string, breadth: number, suffix: string): string => {
  const half = breadth / 2;
  return `(${row}) / ${breadth}u * ${half}u + (${row}) % ${half}u + (${row}) / ${half}u % 2u * (uniforms.n${suffix} / 2u)`;
};

/** WGSL that writes a vector from (row, column) on: `sum` is that of u or of dy, `gateSum` that of g. */
export const gateStore = (
  { pass }: Gate,
  {
    suffix,
    sum,
    gateSum,
    bias,
    narrow,
  }: { suffix: string; sum: string; gateSum: string; bias: boolean; narrow: boolean },
): string => {
  const kept = narrow ? "vec4<f16>" : "T";
  const [n, c] = [`uniforms.n${suffix}`, `c${suffix}`];
  if (pass === "backward")
    return `let at = (row * 2u * ${n} + column) / 4u;
  let upstream = T(${kept}(${sum}));
  let u = T(inner${suffix}[at]);
  let g = T(inner${suffix}[at + ${n} / 4u]);
  ${c}[at] = ${kept}(upstream * value(g));
  ${c}[at + ${n} / 4u] = ${kept}(upstream * u * derivative(g));`;
  const added = (first: string) =>
    bias ? ` + T(${[0, 1, 2, 3].map((e) => `bias${suffix}[${first} + ${e}u]`).join(", ")})` : "";
  return `let at = (row * ${n} + column) / 4u;
  let u = ${kept}(${sum}${added("column")});
  let g = ${kept}(${gateSum}${added(`${n} / 2u + column`)});
  ${c}[at] = u;
  ${c}[at + ${n} / 8u] = g;
  gated${suffix}[(row * ${n} / 2u + column) / 4u] = ${kept}(value(T(g)) * T(u));`;
};
