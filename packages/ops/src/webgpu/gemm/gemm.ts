import type { TensorInfo } from "@tensorflow/tfjs-core";
import { halfOf, halfResult, padded, wideResult } from "../half.ts";
import { type Host, type KernelBinding, output, release } from "../host.ts";
import { type Part, partOf, partsOf } from "../parts.ts";
import { copyColumns } from "./copy-columns.ts";
import { matrixProgram } from "./matrix.ts";
import { matrixTiles } from "./matrix-variant.ts";
import { type GemmShape, type MatrixChoice, selectMatrix, selectTiled } from "./select.ts";
import { addSplits } from "./split-sum.ts";
import { tiledProgram, tiles } from "./tiled.ts";

export interface Gemm extends GemmShape {
  a: KernelBinding;
  b: KernelBinding;
  c: KernelBinding;
  /**
   * `[n]`, added to every row.
   *
   * @defaultValue none
   */
  biasTensor?: KernelBinding;
  /**
   * Factor of the product.
   *
   * @defaultValue `1`
   */
  alpha?: number;
}

/**
 * The product as a new tensor of `shape`. `half`: its readers know f16, so if it is computed on matrices it is left as that
 * (see `halfResult`).
 */
export function gemmResult(host: Host, g: Omit<Gemm, "c">, shape: readonly number[], half: boolean): TensorInfo {
  const onMatrices = half && cuts(host, g).length === 1 && selectMatrix(host.capabilities, shapeOf(g));
  const c = onMatrices ? halfResult(host, shape) : wideResult(host, shape);
  gemm(host, { ...g, c: c.written, half: c.half });
  return c.tensor;
}

/** C [m, n] = alpha * A B (+ bias) (+ C). Cut into parts if an operand exceeds what can be bound. */
export function gemm(host: Host, g: Gemm): void {
  if (cuts(host, g).length > 1) {
    cutWeight(host, g);
    return;
  }
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
      product(host, cut, partOf(g.a, rows, g.k * 4, part), g.b, partOf(g.c, rows, g.n * (g.half ? 2 : 4), part));
    }
  });
}

/** What the kernel of a product is chosen by. */
const shapeOf = ({ form, m, n, k, alpha, accumulate, half, biasTensor }: Omit<Gemm, "c">) => ({
  form,
  m,
  n,
  k,
  alpha,
  accumulate,
  half,
  bias: biasTensor !== undefined,
});

/** The rows of the weight: of B, or of C if that is a weight's gradient. */
const cuts = (host: Host, { form, m, n, k }: GemmShape): Part[] =>
  form === "nt" ? partsOf(host, n, k * 4) : form === "nn" ? partsOf(host, k, n * 4) : partsOf(host, m, n * 4);

/** Whether every operand can be bound whole. */
export const isWhole = (host: Host, g: GemmShape): boolean => {
  const [rows, widest] = g.form === "tn" ? [g.k, Math.max(g.m, g.n)] : [g.m, Math.max(g.k, g.n)];
  return cuts(host, g).length === 1 && partsOf(host, rows, widest * 4).length === 1;
};

/** A product with a weight larger than a binding, part by part; its columns elsewhere are copied, in and out. */
function cutWeight(host: Host, g: Gemm): void {
  const { form, m, n, k } = g;
  cuts(host, g).forEach((cut, i) => {
    const { first, count } = cut;
    if (form === "nt") {
      const c = output(host, [m, count]);
      const biasTensor = g.biasTensor && partOf(g.biasTensor, n, 4, cut);
      gemm(host, { ...g, n: count, b: partOf(g.b, n, k * 4, cut), biasTensor, c, accumulate: false });
      copyColumns(host, { from: c, width: count, to: g.c, toWidth: n, toFirst: first, rows: m, add: g.accumulate });
      release(host, c);
      return;
    }
    const [rows, width] = form === "nn" ? [m, k] : [k, m];
    const a = output(host, [rows, count]);
    copyColumns(host, { from: g.a, fromWidth: width, fromFirst: first, width: count, to: a, rows });
    if (form === "nn") {
      const [accumulate, biasTensor] = [g.accumulate || i > 0, i === 0 ? g.biasTensor : undefined];
      gemm(host, { ...g, k: count, a, b: partOf(g.b, k, n * 4, cut), accumulate, biasTensor });
    } else gemm(host, { ...g, m: count, a, c: partOf(g.c, m, n * 4, cut) });
    release(host, a);
  });
}

function product(host: Host, g: Gemm, a: KernelBinding, b: KernelBinding, c: KernelBinding): void {
  const matrix = selectMatrix(host.capabilities, shapeOf(g));
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
    [Math.ceil(n / matrixTiles[variant.tile].n), Math.ceil(m / matrixTiles[variant.tile].m), splits],
  );
  release(host, left.owned, right.owned);
  if (!sums) return;
  addSplits(host, { ...g, biasTensor: g.biasTensor }, sums, c, splits, alpha);
  release(host, sums);
}

function tiled(host: Host, g: Gemm, a: KernelBinding, b: KernelBinding, c: KernelBinding): void {
  const { m, n, k, alpha = 1 } = g;
  const { variant, splits, kPerGroup } = selectTiled(host.capabilities, shapeOf(g));
  const tile = tiles[variant.tile];
  const across: [number, number, number] = [Math.ceil(n / tile.n), Math.ceil(m / tile.m), splits];
  if (splits === 1) {
    const bias = variant.bias ? [g.biasTensor!] : [];
    host.dispatch(tiledProgram(variant), [a, b, ...bias, c], { m, n, k, kPerGroup, alpha }, across);
    return;
  }
  const sums = output(host, [splits, m, n]);
  host.dispatch(tiledProgram(variant), [a, b, sums], { m, n, k, kPerGroup, alpha: 1 }, across);
  addSplits(host, { ...g, biasTensor: g.biasTensor }, sums, c, splits, alpha);
  release(host, sums);
}
