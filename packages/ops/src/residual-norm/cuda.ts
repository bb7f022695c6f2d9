import { normForward, normGrad } from "../cuda/norm.ts";
import { type CudaCall, cudaKernel, sizeOf } from "../cuda/runtime.ts";

const isLayer = ({ attrs }: CudaCall): boolean => (attrs as unknown as { kind: string }).kind === "layer";

const residualNorm = /* @__PURE__ */ cudaKernel("CramkitResidualNorm", (call) => {
  const { inputs, attrs, runtime } = call;
  const { shape } = inputs.x!;
  const rows = sizeOf(shape) / inputs.weight!.shape[0]!;
  const [sum, y, stats] = [runtime.output(shape), runtime.halfOutput(shape), runtime.output([2, rows])];
  const mean = runtime.pointer(stats);
  normForward(call, { layer: isLayer(call), epsilon: attrs.epsilon!, y, sum, mean, rstd: mean + BigInt(rows * 4) });
  return [sum, y, stats];
});

const residualNormGrad = /* @__PURE__ */ cudaKernel("CramkitResidualNormGrad", (call) => {
  const { inputs, attrs, at } = call;
  const mean = at("stats");
  const rstd = mean + BigInt((sizeOf(inputs.sum!.shape) / inputs.weight!.shape[0]!) * 4);
  return normGrad(call, { x: "sum", layer: isLayer(call), mean, rstd, dropped: attrs.rate! > 0 });
});

export const residualNormCuda = [residualNorm, residualNormGrad];
