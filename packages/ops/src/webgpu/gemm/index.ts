import type { TensorInfo } from "@tensorflow/tfjs-core";
import { halfOf, padded } from "../half.ts";
import { type Host, type KernelBinding, output, release } from "../host.ts";
import { partOf, partsOf } from "../parts.ts";
import { grid, type Program, program } from "../program.ts";
import { matrixProgram } from "./matrix.ts";
import { type GemmShape, type MatrixChoice, selectMatrix, selectTiled } from "./select.ts";
import { tiledProgram, tiles } from "./tiled.ts";

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
    product(host, g, g.a, g.b, g.c);
    return;
  }
  parts.forEach((part, i) => {
    if (g.form === "tn") {
      const cut = { ...g, k: part.count, accumulate: g.accumulate || i > 0 };
      product(host, cut, partOf(g.a, rows, g.m * 4, part), partOf(g.b, rows, g.n * 4, part), g.c);
    } else {
      const cut = { ...g, m: part.count };
      product(host, cut, partOf(g.a, rows, g.k * 4, part), g.b, partOf(g.c, rows, g.n * 4, part));
    }
  });
}

function product(host: Host, g: Gemm, a: KernelBinding, b: KernelBinding, c: KernelBinding): void {
  const shape = { ...g, bias: g.biasTensor !== undefined };
  const matrix = selectMatrix(host.capabilities, shape);
  if (matrix) onMatrices(host, g, matrix, a, b, c);
  else tiled(host, g, a, b, c);
}

function onMatrices(
  host: Host,
  g: Gemm,
  { variant, splits, kPerGroup }: MatrixChoice,
  a: KernelBinding,
  b: KernelBinding,
  c: KernelBinding,
): void {
  const { form, m, n, k, alpha = 1 } = g;
  const [aRows, aColumns] = form === "tn" ? [k, m] : [m, k];
  const [bRows, bColumns] = form === "nt" ? [n, k] : [k, n];
  const left = halfOf(host, a, aRows, aColumns);
  const right = halfOf(host, b, bRows, bColumns);
  const sums = splits === 1 ? undefined : output(host, [splits, m, n]);
  host.dispatch(
    matrixProgram(variant),
    [left.half, right.half, ...(variant.bias ? [g.biasTensor!] : []), sums ?? c],
    { m, n, k: padded(k), kPerGroup, lda: padded(aColumns), ldb: padded(bColumns), alpha: sums ? 1 : alpha },
    [Math.ceil(n / variant.tile), Math.ceil(m / variant.tile), splits],
  );
  release(host, left.owned, right.owned);
  if (!sums) return;
  addSplits(host, g, sums, c, splits, alpha);
  release(host, sums);
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
