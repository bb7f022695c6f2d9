import { normForward, normGrad } from "../cuda/norm.ts";
import { type CudaCall, cudaKernel, sizeOf } from "../cuda/runtime.ts";

const isLayer = ({ attrs }: CudaCall): boolean => (attrs as unknown as { kind: string }).kind === "layer";

const residualNorm = /* @__PURE__ */ cudaKernel("CramkitResidualNorm", (call) => {
  const { inputs, attrs, runtime } = call;
  const { shape } = inputs.x!;
  const rows = sizeOf(shape) / inputs.weight!.shape[0]!;
  const [sum, y, stats] = [runtime.output(shape), runtime.output(shape), runtime.output([2, rows])];
  const mean = runtime.pointer(stats);
  normForward(call, { layer: isLayer(call), epsilon: attrs.epsilon!, y, sum, mean, rstd: mean + BigInt(rows * 4) });
  return [sum, y, stats];
});

const residualNormGrad = /* @__PURE__ */ cudaKernel("CramkitResidualNormGrad", (call) => {
  const { inputs, attrs, runtime, at } = call;
  const { shape } = inputs.sum!;
  const n = inputs.weight!.shape[0]!;
  const layer = isLayer(call);
  const [dx, dweight] = [runtime.output(shape), runtime.output([n])];
  const dbias = layer ? runtime.output([n]) : undefined;
  const dbranch = attrs.rate! > 0 ? runtime.output(shape) : undefined;
  const mean = at("stats");
  const rstd = mean + BigInt((sizeOf(shape) / n) * 4);
  normGrad(call, { x: "sum", layer, mean, rstd, dx, dweight, dbias, dbranch });
  return [dx, dweight, ...(dbias ? [dbias] : []), ...(dbranch ? [dbranch] : [])];
});

export const residualNormCuda = [residualNorm, residualNormGrad];
