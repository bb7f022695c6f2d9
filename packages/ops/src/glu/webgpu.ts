import type { TensorInfo } from "@tensorflow/tfjs-core";
import { activations } from "../webgpu/activations.ts";
import { halvesKey, type Operand } from "../webgpu/elementwise.ts";
import { halfResult, readable } from "../webgpu/half.ts";
import { type Host, lastAxisOf, rowsOf, webgpuKernel } from "../webgpu/host.ts";
import { partOf, partsOf } from "../webgpu/parts.ts";
import { grid, programs } from "../webgpu/program.ts";

type Direction = "forward" | "backward";
const names = { forward: ["x", "y"], backward: ["dy", "x", "dx"] } as const;

const gluKey = (activation: string, direction: Direction, vectors: boolean, halves: readonly boolean[]): string =>
  `glu.${activation}.${direction}.${vectors ? "vec4" : "scalar"}${halvesKey(halves)}`;

/** `x [rows, 2n]` = [u, g]; forward y = f(g) u, backward du = dy f(g), dg = dy u f'(g). One invocation a pair (u, g). */
const gluProgram = /* @__PURE__ */ programs(gluKey, (activation, direction, vectors, halves) => ({
  enable: halves.includes(true) ? ["f16"] : [],
  storage: Object.fromEntries(
    names[direction].map((name) => [name, [name === "y" || name === "dx" ? "write" : "read", `T_${name}`] as const]),
  ),
  uniforms: { count: "u32", n: "u32" },
  size: 256,
  declare: [
    `alias T = ${vectors ? "vec4<f32>" : "f32"};`,
    ...names[direction].map((name, i) => `alias T_${name} = ${halves[i] ? "vec4<f16>" : "T"};`),
    activations[activation]!.wgsl,
  ].join("\n"),
  main: `
let i = (group.x + group.y * groups.x) * 256u + lane;
if (i >= uniforms.count) { return; }
let at = i / uniforms.n * 2u * uniforms.n + i % uniforms.n;
let u = T(x[at]);
let g = T(x[at + uniforms.n]);
${
  direction === "forward"
    ? "y[i] = T_y(value(g) * u);"
    : "let upstream = T(dy[i]);\ndx[at] = T_dx(upstream * value(g));\ndx[at + uniforms.n] = T_dx(upstream * u * derivative(g));"
}`,
}));

/** `operands` in the order of `names`, with how many halves of a row of `x` each of their rows has. */
const run = (
  host: Host,
  activation: string,
  direction: Direction,
  x: TensorInfo,
  operands: readonly (Operand & { width: 1 | 2 })[],
): void => {
  const rows = rowsOf(x);
  const half = lastAxisOf(x) / 2;
  const n = half % 4 === 0 ? half / 4 : half;
  const halves = operands.map((operand) => operand.half);
  const shader = gluProgram(activation, direction, half % 4 === 0, halves);
  for (const part of partsOf(host, rows, half * 8)) {
    host.dispatch(
      shader,
      operands.map(({ bound, width, half: f16 }) => partOf(bound, rows, half * width * (f16 ? 2 : 4), part)),
      { count: part.count * n, n },
      grid(Math.ceil((part.count * n) / 256)),
    );
  }
};

/** `x [..., 2n]` -> `[..., n]` */
export const gluForward = (host: Host, x: TensorInfo, activation: string): TensorInfo => {
  const y = halfResult(host, [...x.shape.slice(0, -1), lastAxisOf(x) / 2]);
  run(host, activation, "forward", x, [
    { ...readable(host, x), width: 2 },
    { bound: y.written, half: y.half, width: 1 },
  ]);
  return y.tensor;
};

export const gluBackward = (host: Host, dy: TensorInfo, x: TensorInfo, activation: string): TensorInfo => {
  const dx = halfResult(host, x.shape);
  run(host, activation, "backward", x, [
    { ...readable(host, dy), width: 1 },
    { ...readable(host, x), width: 2 },
    { bound: dx.written, half: dx.half, width: 2 },
  ]);
  return dx.tensor;
};

export const gluWebgpu = [
  webgpuKernel("CramkitGlu", (host, { x }, { activation }) => gluForward(host, x!, activation as string)),
  webgpuKernel("CramkitGluGrad", (host, { dy, x }, { activation }) => gluBackward(host, dy!, x!, activation as string)),
];
