import { normForwardShape, normGrad } from "../cpu/norm.ts";
import { cpuKernel } from "../cpu/runtime.ts";

const layerNorm = /* @__PURE__ */ cpuKernel("CramkitLayerNorm", (call) => {
  const { rows, n, perTask } = normForwardShape(call);
  const { inputs, attrs, runtime, run, at } = call;
  const outputs = [runtime.output(inputs.x!.shape), runtime.output([rows]), runtime.output([rows])];
  const addresses = [at("x"), at("weight"), at("bias"), ...outputs.map((output) => runtime.address(output))];
  run("layerNormTask", Math.ceil(rows / perTask), [...addresses, rows, n, perTask], [attrs.epsilon!]);
  return outputs;
});

const layerNormGrad = /* @__PURE__ */ cpuKernel("CramkitLayerNormGrad", (call) => {
  const { runtime } = call;
  const n = call.inputs.weight!.shape[0]!;
  const [dx, dweight, dbias] = [runtime.output(call.inputs.x!.shape), runtime.output([n]), runtime.output([n])];
  normGrad(call, { x: "x", mean: call.at("mean"), rstd: call.at("rstd"), dx, dweight, dbias });
  return [dx, dweight, dbias];
});

export const layerNormCpu = [layerNorm, layerNormGrad];
