import { cpuKernel, sizeOf } from "../cpu/runtime.ts";
import { dropoutThreshold } from "../dropout-mask.ts";

const block = 16384;

const dropout = /* @__PURE__ */ cpuKernel("CramkitDropout", ({ inputs, attrs, runtime, run, at }) => {
  const { rate, key0, key1 } = attrs as { rate: number; key0: number; key1: number };
  const { shape } = inputs.x!;
  const n = sizeOf(shape);
  const y = runtime.output(shape);
  const ints = [at("x"), runtime.address(y), n, key0, key1, dropoutThreshold(rate)];
  run("dropoutTask", Math.ceil(n / block), ints, [1 / (1 - rate)]);
  return y;
});

export const dropoutCpu = [dropout];
