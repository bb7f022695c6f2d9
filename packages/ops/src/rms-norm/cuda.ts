import { normForward, normGrad } from "../cuda/norm.ts";
import { cudaKernel, sizeOf } from "../cuda/runtime.ts";

const rmsNorm = /* @__PURE__ */ cudaKernel("CramkitRmsNorm", (call) => {
  const { inputs, attrs, runtime } = call;
  const { shape } = inputs.x!;
  const [y, rstd] = [runtime.halfOutput(shape), runtime.output([sizeOf(shape) / inputs.weight!.shape[0]!])];
  normForward(call, { layer: false, epsilon: attrs.epsilon!, y, mean: 0n, rstd: runtime.pointer(rstd) });
  return [y, rstd];
});

const rmsNormGrad = /* @__PURE__ */ cudaKernel("CramkitRmsNormGrad", (call) =>
  normGrad(call, { x: "x", layer: false, mean: 0n, rstd: call.at("rstd") }),
);

export const rmsNormCuda = [rmsNorm, rmsNormGrad];
