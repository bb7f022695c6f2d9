import { type CudaCall, cudaKernel, sizeOf } from "../cuda/runtime.ts";
import { type GluActivation, gluActivations } from "./reference.ts";

/** The number of the activation in activation.h, and half the width. */
const plan = ({ inputs, attrs }: CudaCall) => ({
  half: inputs.x!.shape.at(-1)! / 2,
  n: sizeOf(inputs.x!.shape) / 2,
  kind: gluActivations.indexOf((attrs as unknown as { activation: GluActivation }).activation),
});

const glu = /* @__PURE__ */ cudaKernel("CramkitGlu", (call) => {
  const { half, n, kind } = plan(call);
  const x = call.inputs.x!;
  const y = call.runtime.output([...x.shape.slice(0, -1), half]);
  call.each("glu_forward", n, [x, y, n, half, kind]);
  return y;
});

const gluGrad = /* @__PURE__ */ cudaKernel("CramkitGluGrad", (call) => {
  const { half, n, kind } = plan(call);
  const { x, dy } = call.inputs;
  const dx = call.runtime.output(x!.shape);
  call.each("glu_backward", n, [dy!, x!, dx, n, half, kind]);
  return dx;
});

export const gluCuda = [glu, gluGrad];
