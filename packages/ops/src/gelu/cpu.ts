import { cpuKernel, sizeOf } from "../cpu/runtime.ts";

const block = 8192;

const gelu = /* @__PURE__ */ cpuKernel("CramkitGelu", ({ inputs, runtime, run, at }) => {
  const { shape } = inputs.x!;
  const n = sizeOf(shape);
  const y = runtime.output(shape);
  run("geluTask", Math.ceil(n / block), [at("x"), runtime.address(y), n]);
  return y;
});

const geluGrad = /* @__PURE__ */ cpuKernel("CramkitGeluGrad", ({ inputs, runtime, run, at }) => {
  const { shape } = inputs.x!;
  const n = sizeOf(shape);
  const dx = runtime.output(shape);
  run("geluGradTask", Math.ceil(n / block), [at("dy"), at("x"), runtime.address(dx), n]);
  return dx;
});

export const geluCpu = [gelu, geluGrad];
