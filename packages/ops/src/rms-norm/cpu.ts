import { normForwardShape, normGrad } from "../cpu/norm.ts";
import { cpuKernel } from "../cpu/runtime.ts";

const rmsNorm = /* @__PURE__ */ cpuKernel("CramkitRmsNorm", (call) => {
  const { rows, n, perTask } = normForwardShape(call);
  const { inputs, attrs, runtime, run, at } = call;
  const [y, rstd] = [runtime.output(inputs.x!.shape), runtime.output([rows])];
  const addresses = [at("x"), at("weight"), runtime.address(y), runtime.address(rstd)];
  run("rmsNormTask", Math.ceil(rows / perTask), [...addresses, rows, n, perTask], [attrs.epsilon!]);
  return [y, rstd];
});

const rmsNormGrad = /* @__PURE__ */ cpuKernel("CramkitRmsNormGrad", (call) => {
  const { runtime } = call;
  const [dx, dweight] = [runtime.output(call.inputs.x!.shape), runtime.output([call.inputs.weight!.shape[0]!])];
  normGrad(call, { x: "x", mean: 0, rstd: call.at("rstd"), dx, dweight, dbias: undefined });
  return [dx, dweight];
});

export const rmsNormCpu = [rmsNorm, rmsNormGrad];
