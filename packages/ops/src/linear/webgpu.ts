import type { TensorInfo } from "@tensorflow/tfjs-core";
import { columnSum } from "../webgpu/column-sum.ts";
import { gemmResult } from "../webgpu/gemm/gemm.ts";
import { openProduct } from "../webgpu/gemm/open-products.ts";
import { weightGradient } from "../webgpu/gemm/weight-gradients.ts";
import { type Host, lastAxisOf, rowsOf, webgpuKernel } from "../webgpu/host.ts";

/** x W^T + b */
export const linearForward = (host: Host, x: TensorInfo, weight: TensorInfo, bias?: TensorInfo): TensorInfo => {
  const [n, k] = weight.shape as [number, number];
  const product = { form: "nt" as const, a: x, b: weight, m: rowsOf(x), n, k, biasTensor: bias };
  const shape = [...x.shape.slice(0, -1), n];
  return openProduct(host, product, shape) ?? gemmResult(host, product, shape, true);
};

/** dy W */
export const inputGradient = (host: Host, dy: TensorInfo, weight: TensorInfo): TensorInfo => {
  const [k, n] = weight.shape as [number, number];
  const product = { form: "nn" as const, a: dy, b: weight, m: rowsOf(dy), n, k };
  return gemmResult(host, product, [...dy.shape.slice(0, -1), n], true);
};

/**
 * The three products of a linear layer, each a form of the matrix product, and the column sum of its bias. In mixed precision
 * the gradient of the input and the output are left as f16 alone: they feed attention, an activation, a norm, or end a branch,
 * which is rounded once before it joins the residual stream, whose sum is float32.
 */
export const linearWebgpu = [
  webgpuKernel("CramkitLinear", (host, { x, weight, bias }) => linearForward(host, x!, weight!, bias)),
  webgpuKernel("CramkitLinearGradInput", (host, { dy, weight }) => inputGradient(host, dy!, weight!)),
  webgpuKernel("CramkitLinearGradWeight", (host, { dy, x }) => {
    const [m, n] = [lastAxisOf(dy!), lastAxisOf(x!)];
    return weightGradient(host, dy!, x!, [m, n, rowsOf(x!)]);
  }),
  webgpuKernel("CramkitLinearGradBias", (host, { dy }) => columnSum(host, dy!, rowsOf(dy!), lastAxisOf(dy!))),
];
