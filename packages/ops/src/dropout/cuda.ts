import { cudaKernel, dropoutStruct, sizeOf } from "../cuda/runtime.ts";

export const dropoutCuda = [
  /* @__PURE__ */ cudaKernel("CramkitDropout", ({ inputs, attrs, runtime, each }) => {
    const x = inputs.x!;
    const y = runtime.output(x.shape);
    each("dropout", sizeOf(x.shape), [x, y, sizeOf(x.shape), dropoutStruct(attrs)]);
    return y;
  }),
];
