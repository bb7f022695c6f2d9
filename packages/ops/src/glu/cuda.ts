import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type CudaCall, cudaKernel, sizeOf, widthOf } from "../cuda/runtime.ts";
import { type GluActivation, gluActivations } from "./reference.ts";

/** The number of the activation in activation.h. */
export const kindOf = ({ attrs }: CudaCall): number =>
  gluActivations.indexOf((attrs as unknown as { activation: GluActivation }).activation);

/** f(g) u of x = [u, g]. */
export const gluForward = (call: CudaCall, x: TensorInfo): TensorInfo => {
  const [half, n] = [x.shape.at(-1)! / 2, sizeOf(x.shape) / 2];
  const y = call.runtime.halfOutput([...x.shape.slice(0, -1), half]);
  const { pointers, halves } = call.forms(x, y);
  call.each(`glu_forward_${widthOf(half)}`, n / widthOf(half), [...pointers, n, half, kindOf(call), halves]);
  return y;
};

export const gluBackward = (call: CudaCall, dy: TensorInfo, x: TensorInfo): TensorInfo => {
  const [half, n] = [x.shape.at(-1)! / 2, sizeOf(x.shape) / 2];
  const dx = call.runtime.halfOutput(x.shape);
  const { pointers, halves } = call.forms(dy, x, dx);
  call.each(`glu_backward_${widthOf(half)}`, n / widthOf(half), [...pointers, n, half, kindOf(call), halves]);
  return dx;
};

export const gluCuda = [
  /* @__PURE__ */ cudaKernel("CramkitGlu", (call) => gluForward(call, call.inputs.x!)),
  /* @__PURE__ */ cudaKernel("CramkitGluGrad", (call) => gluBackward(call, call.inputs.dy!, call.inputs.x!)),
];
