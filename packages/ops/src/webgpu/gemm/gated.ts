import type { TensorInfo } from "@tensorflow/tfjs-core";
import { halfOf, halfResult, padded, readable } from "../half.ts";
import { type Host, lastAxisOf, output, rowsOf } from "../host.ts";
import { partsOf } from "../parts.ts";
import type { Gate } from "./gate.ts";
import { isWhole } from "./gemm.ts";
import { matrixBytes, matrixProgram } from "./matrix.ts";
import { matrixTiles } from "./matrix-variant.ts";
import { epilogueOf, type GemmShape, selectMatrix, selectTiled } from "./select.ts";
import { tiledProgram, tiles } from "./tiled.ts";

/*
 * Products that end in a gate, with the tile and the division that they have without one. Where those do not allow it (a contraction
 * in parts, a tensor larger than a binding, a width that cuts a tile of u and g) the answer is undefined, and the gate a kernel of its own.
 */

const fitsGate = (host: Host, { form, m, n }: GemmShape, tile: { n: number }): boolean => {
  const width = form === "nt" ? n / 2 : n;
  const fits = partsOf(host, m, width * 8).length === 1;
  return fits && (form === "nt" ? width % (tile.n / 2) === 0 : width % 4 === 0);
};

/** The variant on matrices, and its choice without the gate. */
const onMatrices = (host: Host, shape: GemmShape, gate: Gate) => {
  const choice = selectMatrix(host.capabilities, { ...shape, half: true });
  if (!choice || choice.splits > 1) return undefined;
  const { epilogue: _, ...usual } = choice.variant;
  const variant = epilogueOf(host.capabilities, { ...usual, direct: false, half: true, gate }, shape.n);
  const { maxComputeWorkgroupStorageSize } = host.capabilities.limits;
  const tile = matrixTiles[variant.tile];
  // A subgroup has as many matrices of u as of g.
  const pairs = (tile.n / tile.across / variant.unit.n) % 2 === 0;
  if (!pairs || !variant.vectors || matrixBytes(variant) > maxComputeWorkgroupStorageSize) return undefined;
  return fitsGate(host, shape, tile) ? { variant, tile, kPerGroup: choice.kPerGroup } : undefined;
};

const onTiles = (host: Host, shape: GemmShape, gate: Gate) => {
  const { variant, splits, kPerGroup } = selectTiled(host.capabilities, shape);
  const tile = tiles[variant.tile];
  if (splits > 1 || !variant.vectors.c || (shape.form === "nt" && tile.columns !== 8)) return undefined;
  return fitsGate(host, shape, tile) ? { variant: { ...variant, gate }, tile, kPerGroup } : undefined;
};

/** `[inner [..., 2n], f(g) u [..., n]]` of `x [..., k]`, `weight [2n, k]`, `bias [2n]`. */
export const gatedProduct = (
  host: Host,
  { x, weight, bias }: { x: TensorInfo; weight: TensorInfo; bias: TensorInfo | undefined },
  activation: string,
): [TensorInfo, TensorInfo] | undefined => {
  const [n, k] = weight.shape as [number, number];
  const m = rowsOf(x);
  const shape = { form: "nt" as const, m, n, k, bias: bias !== undefined };
  const gate = { activation, pass: "forward" as const };
  if (!isWhole(host, shape)) return undefined;
  const [innerShape, gatedShape] = [n, n / 2].map((width) => [...x.shape.slice(0, -1), width]) as [number[], number[]];
  const grid = (tile: { m: number; n: number }) => [Math.ceil(n / tile.n), Math.ceil(m / tile.m), 1] as const;
  const matrix = onMatrices(host, shape, gate);
  if (matrix) {
    const [inner, gated] = [halfResult(host, innerShape), halfResult(host, gatedShape)];
    if (inner.half && gated.half) {
      const [a, b] = [halfOf(host, x, m, k), halfOf(host, weight, n, k)];
      host.dispatch(
        matrixProgram(matrix.variant),
        [a.half, b.half, ...(bias ? [bias] : []), inner.written, gated.written],
        { m, n, k: padded(k), kPerGroup: matrix.kPerGroup, lda: padded(k), ldb: padded(k), alpha: 1 },
        grid(matrix.tile),
      );
      return [inner.tensor, gated.tensor];
    }
    for (const { tensor } of [inner, gated]) host.disposeData(tensor.dataId);
    return undefined;
  }
  const tiled = selectMatrix(host.capabilities, { ...shape, half: true }) ? undefined : onTiles(host, shape, gate);
  if (!tiled) return undefined;
  const [inner, gated] = [output(host, innerShape), output(host, gatedShape)];
  host.dispatch(
    tiledProgram(tiled.variant),
    [x, weight, ...(bias ? [bias] : []), inner, gated],
    { m, n, k, kPerGroup: tiled.kPerGroup, alpha: 1 },
    grid(tiled.tile),
  );
  return [inner, gated];
};

/** The gradient of `inner [..., 2n]`, of `dy [..., k]` and the weight after the gate, `[k, n]`. */
export const gatedGradient = (
  host: Host,
  { dy, weight, inner }: { dy: TensorInfo; weight: TensorInfo; inner: TensorInfo },
  activation: string,
): TensorInfo | undefined => {
  const [k, n] = weight.shape as [number, number];
  const m = rowsOf(dy);
  const shape = { form: "nn" as const, m, n, k };
  const gate = { activation, pass: "backward" as const };
  if (!isWhole(host, shape) || lastAxisOf(inner) !== 2 * n) return undefined;
  const grid = (tile: { m: number; n: number }) => [Math.ceil(n / tile.n), Math.ceil(m / tile.m), 1] as const;
  const matrix = onMatrices(host, shape, gate);
  if (matrix) {
    const input = readable(host, inner);
    const dinner = halfResult(host, inner.shape);
    if (input.half && dinner.half) {
      const [a, b] = [halfOf(host, dy, m, k), halfOf(host, weight, k, n)];
      host.dispatch(
        matrixProgram(matrix.variant),
        [a.half, b.half, input.bound, dinner.written],
        { m, n, k: padded(k), kPerGroup: matrix.kPerGroup, lda: padded(k), ldb: padded(n), alpha: 1 },
        grid(matrix.tile),
      );
      return dinner.tensor;
    }
    host.disposeData(dinner.tensor.dataId);
    return undefined;
  }
  const tiled = selectMatrix(host.capabilities, { ...shape, half: true }) ? undefined : onTiles(host, shape, gate);
  if (!tiled) return undefined;
  const dinner = output(host, inner.shape);
  host.dispatch(
    tiledProgram(tiled.variant),
    [dy, weight, inner, dinner],
    { m, n, k, kPerGroup: tiled.kPerGroup, alpha: 1 },
    grid(tiled.tile),
  );
  return dinner;
};
