import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type CudaCall, dropoutStruct, sizeOf } from "./runtime.ts";

const noDropout = { rate: 0, key0: 0, key1: 0 };

interface NormForward {
  layer: boolean;
  epsilon: number;
  y: TensorInfo;
  /** Where the sum with the branch goes. @defaultValue nothing is added */
  sum?: TensorInfo;
  /** Addresses of the statistics; a mean of 0n is not kept. */
  mean: bigint;
  rstd: bigint;
}

/** A norm of x, or of x + dropout(branch). */
export const normForward = ({ inputs, attrs, at, eachRow }: CudaCall, norm: NormForward): void => {
  const { layer, epsilon, y, sum, mean, rstd } = norm;
  const n = inputs.weight!.shape[0]!;
  const rows = sizeOf(inputs.x!.shape) / n;
  const dropout = dropoutStruct(sum ? attrs : noDropout);
  const tensors = [at("x"), at("branch"), at("weight"), at("bias"), sum ?? 0n, y, mean, rstd];
  eachRow("norm_forward", rows, [...tensors, rows, n, Number(layer), epsilon, dropout]);
};

interface NormGrad {
  /** The name of what was normed. */
  x: string;
  layer: boolean;
  mean: bigint;
  rstd: bigint;
  dx: TensorInfo;
  dweight: TensorInfo;
  /** @defaultValue not computed */
  dbias?: TensorInfo;
  /** dropout(dx). @defaultValue not computed */
  dbranch?: TensorInfo;
}

/** Gradients of a norm; the input `dsum`, if there is one, is added to dx. */
export const normGrad = (call: CudaCall, norm: NormGrad): void => {
  const { inputs, attrs, runtime, at, each, eachRow } = call;
  const { x, layer, mean, rstd, dx, dweight, dbias, dbranch } = norm;
  const n = inputs.weight!.shape[0]!;
  const rows = sizeOf(inputs[x]!.shape) / n;
  const dropout = dropoutStruct(dbranch ? attrs : noDropout);
  const from = [at("dy"), at(x), at("weight"), mean, rstd, at("dsum")];
  eachRow("norm_backward", rows, [...from, dx, dbranch ?? 0n, rows, n, Number(layer), dropout]);
  const perPart = Math.max(16, Math.ceil(rows / 128));
  const parts = Math.ceil(rows / perPart);
  runtime.withScratch(2 * parts * n * 4, (partial) => {
    const sums = [at("dy"), at(x), mean, rstd, partial, parts * n, rows, n, parts, perPart, Number(layer)];
    each("norm_weights", parts * n, sums);
    each("norm_sums", n, [partial, dweight, dbias ?? 0n, n, parts]);
  });
};
