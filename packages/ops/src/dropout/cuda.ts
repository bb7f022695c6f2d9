import { cudaKernel, dropoutStruct, sizeOf, widthOf } from "../cuda/runtime.ts";

export const dropoutCuda = [
  /* @__PURE__ */ cudaKernel("CramkitDropout", ({ inputs, attrs, runtime, each, forms }) => {
    const x = inputs.x!;
    const n = sizeOf(x.shape);
    // In the form in which it comes.
    const y = runtime.form(x).half ? runtime.halfOutput(x.shape) : runtime.output(x.shape);
    const { pointers, halves } = forms(x, y);
    each(`dropout_${widthOf(n)}`, n / widthOf(n), [...pointers, n, halves, dropoutStruct(runtime, attrs)]);
    return y;
  }),
];
