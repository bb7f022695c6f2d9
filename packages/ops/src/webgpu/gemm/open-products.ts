import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type Host, output } from "../host.ts";
import { type Gemm, gemm, isWhole } from "./gemm.ts";
import { selectMatrix, selectTiled } from "./select.ts";
import { tiledProgram, tiles } from "./tiled.ts";

/*
 * A product of float32 that waits for what reads it. If that is the sum of a residual connection, the sum is computed where the product
 * ends: the branch is neither written nor read. On matrices nothing waits: there a branch is f16, and would take as much in a sum.
 */

/** Computes `added` plus the product into a new tensor. */
type Join = (added: TensorInfo) => TensorInfo;

const waiting = new WeakMap<object, Join>();

/** The product as a new tensor of `shape`, open until something binds it; undefined if it is not to wait. */
export const openProduct = (host: Host, g: Omit<Gemm, "c">, shape: readonly number[]): TensorInfo | undefined => {
  const { form, m, n, k, a, b, biasTensor, alpha = 1 } = g;
  const sizes = { form, m, n, k, bias: biasTensor !== undefined };
  if (!isWhole(host, sizes) || selectMatrix(host.capabilities, sizes)) return undefined;
  const { variant, splits, kPerGroup } = selectTiled(host.capabilities, sizes);
  if (splits > 1) return undefined;
  const operands = [a, b, ...(biasTensor ? [biasTensor] : [])].map((one) => ("tensor" in one ? one.tensor : one));
  const product = output(host, shape);
  const end = () => {
    waiting.delete(product.dataId);
    for (const operand of operands) host.letGo(operand, settle);
  };
  // What asks for the product, or is about to write over an operand, has it computed.
  const settle = () => host.settle(product);
  for (const operand of operands) host.hold(operand, settle);
  host.defer(
    product,
    () => {
      gemm(host, { ...g, c: product });
      end();
    },
    end,
  );
  waiting.set(product.dataId, (added) => {
    const sum = output(host, shape);
    const { tile } = variant;
    host.dispatch(
      tiledProgram({ ...variant, added: true }),
      [a, b, ...(biasTensor ? [biasTensor] : []), added, sum],
      { m, n, k, kPerGroup, alpha },
      [Math.ceil(n / tiles[tile].n), Math.ceil(m / tiles[tile].m), 1],
    );
    return sum;
  });
  return product;
};

/** `added` plus `product` as a new tensor, if that product is still open; it stays open. */
export const joinOpenProduct = (product: TensorInfo, added: TensorInfo): TensorInfo | undefined =>
  waiting.get(product.dataId)?.(added);
