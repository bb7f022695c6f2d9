import type { TensorInfo } from "@tensorflow/tfjs-core";
import { postponing } from "../cuda/postponed.ts";
import { type CudaProduct, type CudaRuntime, columnSums, cudaKernel, sizeOf } from "../cuda/runtime.ts";

/** x W^T + b. In mixed precision it is left as halves, and so is the gradient of an input: see linear/webgpu.ts. */
export const linearForward = (
  runtime: CudaRuntime,
  x: TensorInfo,
  weight: TensorInfo,
  bias?: TensorInfo,
): TensorInfo => {
  const [n, k] = weight.shape as [number, number];
  const y = runtime.halfOutput([...x.shape.slice(0, -1), n]);
  runtime.multiply({
    ...{ mixed: true, m: sizeOf(x.shape) / k, n, k, c: y, bias },
    a: { x, across: k, along: 1 },
    b: { x: weight, across: k, along: 1 },
  });
  return y;
};

/** dy W */
export const inputGradient = (runtime: CudaRuntime, dy: TensorInfo, weight: TensorInfo): TensorInfo => {
  const [k, n] = weight.shape as [number, number];
  const dx = runtime.halfOutput([...dy.shape.slice(0, -1), n]);
  runtime.multiply({
    ...{ mixed: true, m: sizeOf(dy.shape) / k, n, k, c: dx },
    a: { x: dy, across: k, along: 1 },
    b: { x: weight, across: 1, along: n },
  });
  return dx;
};

/**
 * Gradients of weights wait for each other: one alone is few tiles with a long contraction. A layer's upstream gradients that are held that
 * long are smaller than what the backward pass lets go of with the layer, so memory is not at its height because of them.
 */
const postpone = /* @__PURE__ */ postponing<Omit<CudaProduct, "c">>({
  most: 256,
  run: (runtime, all) => runtime.multiplyAll(all.map(({ results: [c], details }) => ({ ...details, c: c! }))),
});

const gradWeight = /* @__PURE__ */ cudaKernel("CramkitLinearGradWeight", ({ inputs, runtime }) => {
  const [dy, x] = [inputs.dy!, inputs.x!];
  const [m, n] = [dy.shape.at(-1)!, x.shape.at(-1)!];
  const [dweight] = postpone(runtime, {
    operands: [dy, x],
    shapes: [[m, n]],
    details: {
      ...{ mixed: true, m, n, k: sizeOf(dy.shape) / m },
      a: { x: dy, across: 1, along: m },
      b: { x, across: 1, along: n },
    },
  });
  return dweight!;
});

const gradBias = /* @__PURE__ */ cudaKernel("CramkitLinearGradBias", (call) => {
  const { shape } = call.inputs.dy!;
  const n = shape.at(-1)!;
  const dbias = call.runtime.output([n]);
  columnSums(call, call.runtime.form(call.inputs.dy!), call.runtime.pointer(dbias), [sizeOf(shape) / n, n]);
  return dbias;
});

export const linearCuda = [
  /* @__PURE__ */ cudaKernel("CramkitLinear", ({ inputs, runtime }) =>
    linearForward(runtime, inputs.x!, inputs.weight!, inputs.bias),
  ),
  /* @__PURE__ */ cudaKernel("CramkitLinearGradInput", ({ inputs, runtime }) =>
    inputGradient(runtime, inputs.dy!, inputs.weight!),
  ),
  gradWeight,
  gradBias,
];
