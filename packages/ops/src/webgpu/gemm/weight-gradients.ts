import type { TensorInfo } from "@tensorflow/tfjs-core";
import { halfOf, padded } from "../half.ts";
import { type Host, output, release } from "../host.ts";
import { type Postponed, postponing } from "../postponed.ts";
import { grid, type Program } from "../program.ts";
import { sharesOf } from "../together.ts";
import { gemmResult, isWhole } from "./gemm.ts";
import { matrixKey, matrixProductsProgram } from "./matrix.ts";
import { matrixTiles } from "./matrix-variant.ts";
import { selectMatrix, selectTiled, splitsTogether } from "./select.ts";
import { addSplitsTogether } from "./split-sum.ts";
import { tiledKey, tiledProductsProgram, tiles } from "./tiled.ts";

interface Product {
  m: number;
  n: number;
  /** Length of the contraction as the kernel walks it. */
  k: number;
  /** Further uniforms. */
  numbers: Readonly<Record<string, number>>;
  tile: { m: number; n: number; k: number };
  programOf: (products: number) => Program;
}

/** Products that share a shader, in one dispatch, and their partial sums if they have any in another. */
const multiply = (host: Host, all: readonly Postponed<Product>[]): void => {
  const products = all.map(({ details }) => details);
  const { tile, programOf } = products[0]!;
  const wanted = splitsTogether(host.capabilities, products, tile);
  const plans = all.map(({ results: [c], details: { m, n, k } }) => {
    const kPerGroup = Math.ceil(k / wanted / tile.k) * tile.k;
    const splits = Math.ceil(k / kPerGroup);
    const [across, down] = [Math.ceil(n / tile.n), Math.ceil(m / tile.m)];
    const sums = splits === 1 ? undefined : output(host, [splits, m, n]);
    return { c: c!, sums, size: m * n, splits, numbers: { kPerGroup, across, down, groups: across * down * splits } };
  });
  const uniforms = all.flatMap(({ details: { m, n, k, numbers } }, i) =>
    Object.entries({ m, n, k, alpha: 1, ...numbers, ...plans[i]!.numbers }).map(([name, value]) => [
      `${name}${i}`,
      value,
    ]),
  );
  host.dispatch(
    programOf(all.length),
    all.flatMap(({ operands }, i) => [...operands, plans[i]!.sums ?? plans[i]!.c]),
    Object.fromEntries(uniforms),
    grid(plans.reduce((sum, { numbers }) => sum + numbers.groups, 0)),
  );
  addSplitsTogether(
    host,
    plans.flatMap(({ sums, ...plan }) => (sums ? [{ sums, ...plan }] : [])),
  );
  release(host, ...plans.map(({ sums }) => sums));
};

/** Operands and result of each are three bindings. */
const postpone = /* @__PURE__ */ postponing<Product>({ most: (host) => sharesOf(host, 3, 0), run: multiply });

/**
 * dy^T x of a linear layer, `dy [k, m]`, `x [k, n]` -> `[m, n]`. Of a layer alone that is few tiles with a long contraction, which would
 * have to be divided, at the price of partial sums; so gradients wait for each other. The variant `weightGradients: "apart"` computes
 * each by itself.
 */
export const weightGradient = (
  host: Host,
  dy: TensorInfo,
  x: TensorInfo,
  [m, n, k]: [number, number, number],
): TensorInfo => {
  const { capabilities } = host;
  const shape = { form: "tn" as const, m, n, k };
  if (capabilities.variants.weightGradients === "apart" || !isWhole(host, shape))
    return gemmResult(host, { ...shape, a: dy, b: x }, [m, n], false);
  const c = output(host, [m, n]);
  const matrix = selectMatrix(capabilities, shape);
  if (matrix) {
    const { variant } = matrix;
    const numbers = { lda: padded(m), ldb: padded(n) };
    postpone(host, matrixKey(variant), {
      operands: [halfOf(host, dy, k, m).half, halfOf(host, x, k, n).half],
      results: [c],
      details: {
        ...{ m, n, k: padded(k), numbers, tile: matrixTiles[variant.tile] },
        programOf: (products) => matrixProductsProgram(variant, products),
      },
    });
    return c;
  }
  const { variant } = selectTiled(capabilities, shape);
  postpone(host, tiledKey(variant), {
    operands: [dy, x],
    results: [c],
    details: {
      ...{ m, n, k, numbers: {}, tile: tiles[variant.tile] },
      programOf: (products) => tiledProductsProgram(variant, products),
    },
  });
  return c;
};
