import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type Host, type KernelBinding, output, release } from "../host.ts";
import { partOf, partsOf } from "../parts.ts";
import { grid, type Program, program } from "../program.ts";
import { type GemmShape, selectTiled } from "./select.ts";
import { type Form, tiledProgram, tiles } from "./tiled.ts";

export interface Gemm extends GemmShape {
  a: KernelBinding;
  b: KernelBinding;
  c: KernelBinding;
  biasTensor?: TensorInfo;
  alpha?: number;
}

/** C [m, n] = alpha * A B (+ bias) (+ C). Cut into parts where an operand exceeds what can be bound. */
export function gemm(host: Host, g: Gemm): void {
  const rows = g.form === "tn" ? g.k : g.m;
  const widest = g.form === "tn" ? Math.max(g.m, g.n) : Math.max(g.k, g.n);
  const parts = partsOf(host, rows, widest * 4);
  if (parts.length === 1) {
    tiled(host, g, g.a, g.b, g.c);
    return;
  }
  parts.forEach((part, i) => {
    if (g.form === "tn") {
      const cut = { ...g, k: part.count, accumulate: g.accumulate || i > 0 };
      tiled(host, cut, partOf(g.a, rows, g.m * 4, part), partOf(g.b, rows, g.n * 4, part), g.c);
    } else {
      const cut = { ...g, m: part.count };
      tiled(host, cut, partOf(g.a, rows, g.k * 4, part), g.b, partOf(g.c, rows, g.n * 4, part));
    }
  });
}

function tiled(host: Host, g: Gemm, a: KernelBinding, b: KernelBinding, c: KernelBinding): void {
  const { m, n, k, alpha = 1 } = g;
  const { variant, splits, kPerGroup } = selectTiled(host.capabilities, { ...g, bias: g.biasTensor !== undefined });
  const tile = tiles[variant.tile];
  const across: [number, number, number] = [Math.ceil(n / tile.n), Math.ceil(m / tile.m), splits];
  if (splits === 1) {
    const bias = variant.bias ? [g.biasTensor!] : [];
    host.dispatch(tiledProgram(variant), [a, b, ...bias, c], { m, n, k, kPerGroup, alpha }, across);
    return;
  }
  const sums = output(host, [splits, m, n]);
  host.dispatch(tiledProgram(variant), [a, b, sums], { m, n, k, kPerGroup, alpha: 1 }, across);
  addSplits(host, g, sums, c, splits, alpha);
  release(host, sums);
}

function addSplits(host: Host, g: Gemm, sums: TensorInfo, c: KernelBinding, splits: number, alpha: number): void {
  const bias = g.biasTensor !== undefined;
  host.dispatch(
    splitSumProgram(bias, g.accumulate ?? false),
    [sums, ...(bias ? [g.biasTensor!] : []), c],
    { count: g.m * g.n, n: g.n, splits, alpha },
    grid(Math.ceil((g.m * g.n) / 256)),
  );
}

/** c = alpha * (the sum of the partial products, in order) (+ bias) (+ c) */
const splitSumProgram = (bias: boolean, accumulate: boolean): Program =>
  program({
    key: `gemm.splits${bias ? ".bias" : ""}${accumulate ? ".accumulate" : ""}`,
    storage: {
      sums: ["read", "f32"],
      ...(bias ? { bias: ["read", "f32"] as const } : {}),
      c: ["write", "f32"],
    },
    uniforms: { count: "u32", n: "u32", splits: "u32", alpha: "f32" },
    size: 256,
    main: `
let i = (group.x + group.y * groups.x) * 256u + lane;
if (i >= uniforms.count) { return; }
var sum = 0.0;
for (var s = 0u; s < uniforms.splits; s++) { sum += sums[s * uniforms.count + i]; }
c[i] = uniforms.alpha * sum${bias ? " + bias[i % uniforms.n]" : ""}${accumulate ? " + c[i]" : ""};`,
  });

export type { Form, GemmShape };
