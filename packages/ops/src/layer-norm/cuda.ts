import { normForward, normGrad } from "../cuda/norm.ts";
import { cudaKernel, sizeOf } from "../cuda/runtime.ts";

const layerNorm = /* @__PURE__ */ cudaKernel("CramkitLayerNorm", (call) => {
  const { inputs, attrs, runtime } = call;
  const { shape } = inputs.x!;
  const rows = sizeOf(shape) / inputs.weight!.shape[0]!;
  const [y, mean, rstd] = [runtime.output(shape), runtime.output([rows]), runtime.output([rows])];
  const statistics = { mean: runtime.pointer(mean), rstd: runtime.pointer(rstd) };
  normForward(call, { layer: true, epsilon: attrs.epsilon!, y, ...statistics });
  return [y, mean, rstd];
});

const layerNormGrad = /* @__PURE__ */ cudaKernel("CramkitLayerNormGrad", (call) => {
  const { inputs, runtime, at } = call;
  const n = inputs.weight!.shape[0]!;
  const [dx, dweight, dbias] = [runtime.output(inputs.x!.shape), runtime.output([n]), runtime.output([n])];
  normGrad(call, { x: "x", layer: true, mean: at("mean"), rstd: at("rstd"), dx, dweight, dbias });
  return [dx, dweight, dbias];
});

export const layerNormCuda = [layerNorm, layerNormGrad];
