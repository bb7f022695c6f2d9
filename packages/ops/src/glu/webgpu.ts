import type { TensorInfo } from "@tensorflow/tfjs-core";
import { activations } from "../webgpu/activations.ts";
import { type Host, lastAxisOf, output, rowsOf, webgpuKernel } from "../webgpu/host.ts";
import { partOf, partsOf } from "../webgpu/parts.ts";
import { grid, type Program, program } from "../webgpu/program.ts";

/** `x [rows, 2n]` = [u, g]; forward y = f(g) u, backward du = dy f(g), dg = dy u f'(g). One invocation a pair (u, g). */
const gluProgram = (activation: string, direction: "forward" | "backward", vectors: boolean): Program =>
  program({
    key: `glu.${activation}.${direction}.${vectors ? "vec4" : "scalar"}`,
    storage:
      direction === "forward"
        ? { x: ["read", "T"], y: ["write", "T"] }
        : { dy: ["read", "T"], x: ["read", "T"], dx: ["write", "T"] },
    uniforms: { count: "u32", n: "u32" },
    size: 256,
    declare: `alias T = ${vectors ? "vec4<f32>" : "f32"};\n${activations[activation]!.wgsl}`,
    main: `
let i = (group.x + group.y * groups.x) * 256u + lane;
if (i >= uniforms.count) { return; }
let at = i / uniforms.n * 2u * uniforms.n + i % uniforms.n;
let u = x[at];
let g = x[at + uniforms.n];
${
  direction === "forward"
    ? "y[i] = value(g) * u;"
    : "dx[at] = dy[i] * value(g);\ndx[at + uniforms.n] = dy[i] * u * derivative(g);"
}`,
  });

function run(
  host: Host,
  shader: Program,
  x: TensorInfo,
  bound: readonly { tensor: TensorInfo; halves: 1 | 2 }[],
): void {
  const rows = rowsOf(x);
  const half = lastAxisOf(x) / 2;
  const n = half % 4 === 0 ? half / 4 : half;
  for (const part of partsOf(host, rows, half * 8)) {
    host.dispatch(
      shader,
      bound.map(({ tensor, halves }) => partOf(tensor, rows, half * halves * 4, part)),
      { count: part.count * n, n },
      grid(Math.ceil((part.count * n) / 256)),
    );
  }
}

export const gluWebgpu = [
  webgpuKernel("CramkitGlu", (host, { x }, { activation }) => {
    const half = lastAxisOf(x!) / 2;
    const y = output(host, [...x!.shape.slice(0, -1), half]);
    const shader = gluProgram(activation as string, "forward", half % 4 === 0);
    run(host, shader, x!, [
      { tensor: x!, halves: 2 },
      { tensor: y, halves: 1 },
    ]);
    return y;
  }),
  webgpuKernel("CramkitGluGrad", (host, { dy, x }, { activation }) => {
    const dx = output(host, x!.shape);
    const shader = gluProgram(activation as string, "backward", (lastAxisOf(x!) / 2) % 4 === 0);
    run(host, shader, x!, [
      { tensor: dy!, halves: 1 },
      { tensor: x!, halves: 2 },
      { tensor: dx, halves: 2 },
    ]);
    return dx;
  }),
];
