import { normForward, normGrad } from "../cuda/norm.ts";
import { cudaKernel, sizeOf } from "../cuda/runtime.ts";

const layerNorm = /* @__PURE__ */ cudaKernel("CramkitLayerNorm", (call) => {
  const { inputs, attrs, runtime } = call;
  const { shape } = inputs.x!;
  const rows = sizeOf(shape) / inputs.weight!.shape[0]!;
  const [y, mean, rstd] = [runtime.halfOutput(shape), runtime.output([rows]), runtime.output([rows])];
  const statistics = { mean: runtime.pointer(mean), rstd: runtime.pointer(rstd) };
  normForward(call, { layer: true, epsilon: attrs.epsilon!, y, ...statistics });
  return [y, mean, rstd];
});

const layerNormGrad = /* @__PURE__ */ cudaKernel("CramkitLayerNormGrad", (call) =>
  normGrad(call, { x: "x", layer: true, mean: call.at("mean"), rstd: call.at("rstd") }),
);

export const layerNormCuda = [layerNorm, layerNormGrad];
