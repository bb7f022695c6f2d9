import { type CudaCall, cudaKernel, sizeOf, widthOf } from "../cuda/runtime.ts";

/** Inputs by name to one tensor of their shape, element by element. */
const elementwise = ({ inputs, runtime, each, forms }: CudaCall, kernel: string, names: readonly string[]) => {
  const tensors = names.map((name) => inputs[name]!);
  const [{ shape }] = tensors as [(typeof tensors)[0]];
  const n = sizeOf(shape);
  const y = runtime.halfOutput(shape);
  const { pointers, halves } = forms(...tensors, y);
  each(`${kernel}_${widthOf(n)}`, n / widthOf(n), [...pointers, n, halves]);
  return y;
};

export const geluCuda = [
  /* @__PURE__ */ cudaKernel("CramkitGelu", (call) => elementwise(call, "gelu_forward", ["x"])),
  /* @__PURE__ */ cudaKernel("CramkitGeluGrad", (call) => elementwise(call, "gelu_backward", ["dy", "x"])),
];
