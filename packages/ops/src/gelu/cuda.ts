import { cudaKernel, sizeOf } from "../cuda/runtime.ts";

const gelu = /* @__PURE__ */ cudaKernel("CramkitGelu", ({ inputs, runtime, each }) => {
  const x = inputs.x!;
  const y = runtime.output(x.shape);
  each("gelu_forward", sizeOf(x.shape), [x, y, sizeOf(x.shape)]);
  return y;
});

const geluGrad = /* @__PURE__ */ cudaKernel("CramkitGeluGrad", ({ inputs, runtime, each }) => {
  const x = inputs.x!;
  const dx = runtime.output(x.shape);
  each("gelu_backward", sizeOf(x.shape), [inputs.dy!, x, dx, sizeOf(x.shape)]);
  return dx;
});

export const geluCuda = [gelu, geluGrad];
