import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type Host, output } from "../host.ts";
import { openTerm } from "../open-terms.ts";
import { type Gemm, gemm, isWhole } from "./gemm.ts";
import { selectMatrix, selectTiled } from "./select.ts";
import { tiledProgram, tiles } from "./tiled.ts";

/**
 * A product of float32 as a new tensor of `shape`, open for the sum of a residual connection; undefined if it is not to wait. On matrices
 * nothing waits: there a branch is f16, and would take as much in a sum.
 */
export const openProduct = (host: Host, g: Omit<Gemm, "c">, shape: readonly number[]): TensorInfo | undefined => {
  const { form, m, n, k, a, b, biasTensor, alpha = 1 } = g;
  const sizes = { form, m, n, k, bias: biasTensor !== undefined };
  if (!isWhole(host, sizes) || selectMatrix(host.capabilities, sizes)) return undefined;
  const { variant, splits, kPerGroup } = selectTiled(host.capabilities, sizes);
  if (splits > 1) return undefined;
  const operands = [a, b, ...(biasTensor ? [biasTensor] : [])];
  return openTerm(host, shape, {
    operands,
    fill: (product) => gemm(host, { ...g, c: product }),
    join: (added) => {
      if (`${added.shape}` !== `${shape}`) return undefined;
      const sum = output(host, shape);
      const tile = tiles[variant.tile];
      host.dispatch(
        tiledProgram({ ...variant, added: true }),
        [...operands, added, sum],
        { m, n, k, kPerGroup, alpha },
        [Math.ceil(n / tile.n), Math.ceil(m / tile.m), 1],
      );
      return sum;
    },
  });
};
