import type { TensorInfo } from "@tensorflow/tfjs-core";
import { cudaKernel, sizeOf, widthOf } from "../cuda/runtime.ts";

export const rotaryCuda = [
  /* @__PURE__ */ cudaKernel("CramkitRotary", ({ inputs, attrs, runtime, each, at, forms }) => {
    const { x } = inputs as { x: TensorInfo };
    const { heads, direction } = attrs as { heads: number; direction: number };
    const [n, seq, width] = [sizeOf(x.shape), x.shape[1]!, x.shape[2]!];
    const headDim = width / (3 * heads);
    const perThread = widthOf(headDim / 2);
    const y = runtime.halfOutput(x.shape);
    const { pointers, halves } = forms(x, y);
    const args = [pointers[0]!, at("table"), pointers[1]!, n, seq, heads, headDim, direction, halves];
    each(`rotary_${perThread}`, n / 2 / perThread, args);
    return y;
  }),
];
