import { gluBackward, gluForward } from "../glu/webgpu.ts";
import { inputGradient, linearForward } from "../linear/webgpu.ts";
import { gatedGradient, gatedProduct } from "../webgpu/gemm/gated.ts";
import { release, webgpuKernel } from "../webgpu/host.ts";

/** The gate where the product before it ends, and its gradient where that of the layer after it does. */
export const gatedFeedForwardWebgpu = [
  webgpuKernel("CramkitLinearGlu", (host, { x, weight, bias }, attrs) => {
    const activation = attrs.activation as string;
    const both = gatedProduct(host, { x: x!, weight: weight!, bias }, activation);
    if (both) return both;
    const inner = linearForward(host, x!, weight!, bias);
    return [inner, gluForward(host, inner, activation)];
  }),
  webgpuKernel("CramkitLinearGluGrad", (host, { dy, weight, inner }, attrs) => {
    const activation = attrs.activation as string;
    const dinner = gatedGradient(host, { dy: dy!, weight: weight!, inner: inner! }, activation);
    if (dinner) return dinner;
    const dgated = inputGradient(host, dy!, weight!);
    const composed = gluBackward(host, dgated, inner!, activation);
    release(host, dgated);
    return composed;
  }),
];
